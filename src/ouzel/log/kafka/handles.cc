#ifdef OUZEL_WITH_KAFKA

#include "ouzel/log/kafka/handles.h"

#include <array>
#include <cstdlib>

#include "ouzel/base/clock.h"
#include "ouzel/base/logging.h"
#include "ouzel/log/kafka/trouble_lines.h"
#include "ouzel/log/record_time.h"

namespace ouzel::kafka {
namespace {

constexpr std::size_t kErrorBytes = 512;

std::optional<std::string_view> view(const void* bytes, std::size_t size) {
  if (bytes == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(bytes), size);
}

/// Which file it is that a `….location` could not be read from.
std::string with_file(const rd_kafka_conf_t& conf, std::string why) {
  const std::string name = why.substr(0, why.find(' '));
  std::array<char, 4096> path{};
  std::size_t size = path.size();
  const bool known = name.ends_with(".location") &&
                     rd_kafka_conf_get(&conf, name.c_str(), path.data(), &size) == RD_KAFKA_CONF_OK;
  return known ? why + " (can " + path.data() + " be read?)" : why;
}

/// Of the process, as the log is: clients come and go while brokers are away.
TroubleLines& trouble_lines() {
  static TroubleLines lines;
  return lines;
}

}  // namespace

Result<Conf> make_conf(const KafkaSettingList& settings) {
  Conf conf(rd_kafka_conf_new());
  std::array<char, kErrorBytes> why{};
  for (const auto& [name, value] : settings) {
    const auto set =
        rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why.data(), why.size());
    // The library's own text may quote the value, and that may be a secret.
    if (set == RD_KAFKA_CONF_UNKNOWN) {
      return fail(ErrorCode::config, "kafka." + name + ": librdkafka has no such setting");
    }
    if (set != RD_KAFKA_CONF_OK) {
      return fail(ErrorCode::config, "kafka." + name + ": librdkafka refuses its value");
    }
  }
  rd_kafka_conf_set_log_cb(conf.get(), log_line);
  return conf;
}

std::uint64_t batch_bytes_of(const Conf& conf) {
  std::array<char, 24> text{};
  std::size_t size = text.size();
  (void)rd_kafka_conf_get(conf.get(), kBatchSize, text.data(), &size);
  return std::strtoull(text.data(), nullptr, 10);
}

Result<Handle> make_handle(rd_kafka_type_t type, Conf conf) {
  std::array<char, kErrorBytes> why{};
  rd_kafka_t* handle = rd_kafka_new(type, conf.get(), why.data(), why.size());
  if (handle == nullptr) return fail(ErrorCode::config, "kafka: " + with_file(*conf, why.data()));
  (void)conf.release();
  return Handle(handle);
}

Partitions offset_list(const std::string& topic, std::span<const GroupOffset> offsets) {
  Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const GroupOffset& one : offsets) {
    rd_kafka_topic_partition_t* place =
        rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), one.partition.value());
    place->offset = static_cast<std::int64_t>(one.offset.value_or(Offset{}).value());
    place->metadata_size = one.metadata.size();
    place->metadata = std::malloc(place->metadata_size + 1);  // NOLINT: the list frees it so.
    one.metadata.copy(static_cast<char*>(place->metadata), place->metadata_size);
  }
  return list;
}

GroupOffset group_offset(const rd_kafka_topic_partition_t& found) {
  GroupOffset out{.partition = PartitionId(static_cast<std::uint16_t>(found.partition))};
  if (found.offset >= 0) out.offset = Offset(static_cast<std::uint64_t>(found.offset));
  if (found.metadata != nullptr) {
    out.metadata.assign(static_cast<const char*>(found.metadata), found.metadata_size);
  }
  return out;
}

std::string_view without_thread(std::string_view line) {
  constexpr std::string_view kEnd = "]: ";
  const std::size_t end = line.starts_with("[thrd:") ? line.find(kEnd) : line.npos;
  return end == line.npos ? line : line.substr(end + kEnd.size());
}

void free_message(rd_kafka_message_t* message) { rd_kafka_message_destroy(message); }

KafkaMessage wrap(rd_kafka_message_t* message) {
  Record record{.topic = rd_kafka_topic_name(message->rkt),
                .partition = PartitionId(static_cast<std::uint16_t>(message->partition)),
                .offset = Offset(static_cast<std::uint64_t>(message->offset)),
                .key = view(message->key, message->key_len),
                .value = view(message->payload, message->len)};
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  record.timestamp = record_time(rd_kafka_message_timestamp(message, &type));
  std::vector<RecordHeader> headers;
  rd_kafka_headers_t* found = nullptr;
  if (rd_kafka_message_headers(message, &found) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    headers.reserve(rd_kafka_header_cnt(found));
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(found, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      headers.push_back({name, view(value, size)});
    }
  }
  return {KafkaMessage::Owner(message, free_message), record, std::move(headers)};
}

RdError produce(rd_kafka_t* handle, rd_kafka_topic_t* topic, std::int32_t partition,
                const OutRecord& record, void* token) {
  rd_kafka_headers_t* headers = nullptr;
  if (!record.headers.empty()) {
    headers = rd_kafka_headers_new(record.headers.size());
    for (const RecordHeader& header : record.headers) {
      const std::string_view value = header.value.value_or(std::string_view());
      rd_kafka_header_add(headers, header.name.data(), static_cast<ssize_t>(header.name.size()),
                          header.value ? value.data() : nullptr,
                          static_cast<ssize_t>(value.size()));
    }
  }
  const auto bytes = [](const std::optional<std::string_view>& text) {
    // An empty key is a key: only a null pointer is none.
    return text ? (text->data() != nullptr ? text->data() : "") : nullptr;
  };
  const auto size = [](const std::optional<std::string_view>& text) {
    return text ? text->size() : 0;
  };
  std::array<rd_kafka_vu_t, 7> parts{};
  parts[0].vtype = RD_KAFKA_VTYPE_RKT;
  parts[0].u.rkt = topic;
  parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[1].u.i32 = partition;
  parts[2].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[2].u.mem = {const_cast<char*>(bytes(record.value)), size(record.value)};
  parts[3].vtype = RD_KAFKA_VTYPE_KEY;
  parts[3].u.mem = {const_cast<char*>(bytes(record.key)), size(record.key)};
  parts[4].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[4].u.i = RD_KAFKA_MSG_F_COPY;
  parts[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[5].u.ptr = token;
  parts[6].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[6].u.headers = headers;
  const std::size_t count = headers == nullptr ? parts.size() - 1 : parts.size();
  RdError error(rd_kafka_produceva(handle, parts.data(), count));
  if (error && headers != nullptr) rd_kafka_headers_destroy(headers);
  return error;
}

void log_line(const rd_kafka_t* /*handle*/, int level, const char* facility, const char* line) {
  const std::string text(without_thread(line));
  if (level > kErrorLevel) {
    return logging::debug("kafka client", {{"what", facility}, {"line", text}});
  }
  const auto held = trouble_lines().note(text, SystemClock().steady());
  if (!held) return;
  if (*held == 0) return logging::warn("kafka client", {{"what", facility}, {"line", text}});
  logging::warn("kafka client",
                {{"what", facility}, {"line", text}, {"held_back", std::to_string(*held)}});
}

void log_answer() {
  if (const auto held = trouble_lines().answered()) {
    logging::info("kafka client: a broker answers again", {{"held_back", std::to_string(*held)}});
  }
}

}  // namespace ouzel::kafka

#endif
