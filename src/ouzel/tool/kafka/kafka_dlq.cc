#include "ouzel/tool/kafka/kafka_dlq.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "ouzel/base/exit_code.h"
#include "ouzel/http/message.h"
#include "ouzel/log/kafka/kafka_settings.h"
#include "ouzel/log/kafka/record_writer.h"
#include "ouzel/log/kafka/reject_headers.h"
#include "ouzel/log/kafka/topic_reader.h"
#include "ouzel/tool/kafka/kafka_lines.h"
#include "ouzel/tool/kafka/meet_brokers.h"
#include "ouzel/tool/kafka/topics.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kWait{200};
constexpr std::size_t kBatch = 1000;

/// What `ls` says of a reject.
std::string summary(const RecordLine& line, const Record& record) {
  std::string out = R"({"key":")" + position_text(line.partition, line.offset) + "\"";
  const auto add = [&](const char* name, std::string_view text) {
    out.append(",\"").append(name).append("\":");
    http::append_json(out, http::valid_utf8(text));
  };
  add("record_key", record.key.value_or(""));
  add("reason", header_of(record, reject_header::kReason).value_or(""));
  add("detail", header_of(record, reject_header::kDetail).value_or(""));
  add("attempts", header_of(record, reject_header::kAttempts).value_or("1"));
  if (const auto bytes = header_of(record, reject_header::kLeftOut)) add("left_out", *bytes);
  return out + "}";
}

class Rejects {
 public:
  Rejects(const Pipeline& pipeline, const DlqOptions& options)
      : source_(pipeline.kafka_source), pipeline_(pipeline), options_(options) {}

  Result<int> run() {
    OUZEL_TRY(admin_, open_admin(pipeline_));
    OUZEL_TRY(settings_, kafka_settings(pipeline_.kafka, pipeline_.directory));
    OUZEL_TRY(reader_, meet_brokers("dlq", [&](milliseconds limit) {
                return TopicReader::open(settings_.consumer, source_.rejects, {}, limit);
              }));
    OUZEL_TRY(done_, admin_->committed(group(), source_.rejects, reader_->partitions()));
    OUZEL_TRY(ends_, admin_->watermarks(source_.rejects, reader_->partitions()));
    if (options_.action == "replay") return replay();
    OUZEL_TRY_VOID(each([&](const RecordLine& line, const Record& record) {
      const std::string text = options_.action == "show" ? line.text : summary(line, record);
      std::printf("%s\n", text.c_str());
      return Result<void>();
    }));
    return found();
  }

 private:
  using Each = std::function<Result<void>(const RecordLine&, const Record&)>;

  std::string group() const { return source_.group + "-rejects"; }

  /// All that are asked for, up to where the topic ended at first: an event that is sent again may
  /// be rejected again at once.
  Result<void> each(const Each& take) {
    std::vector<KafkaMessage> messages;
    while (!reader_->at_end()) {
      messages.clear();
      OUZEL_TRY_VOID(reader_->poll(kWait, kBatch, messages));
      for (const KafkaMessage& message : messages) {
        const Record& record = message.record();
        if (record.offset >= ends_[record.partition.value()].high) continue;
        const auto line = reject_line(record);
        if (!line) {
          std::fprintf(stderr, "ouzel dlq: %u:%llu of topic %s is no reject: somebody else's\n",
                       static_cast<unsigned>(record.partition.value()),
                       static_cast<unsigned long long>(record.offset.value()),
                       source_.rejects.c_str());
          continue;
        }
        // Asked for by its key it is there even if it was sent again.
        if (options_.choice.key.empty()
                ? !pending(record)
                : options_.choice.key != position_text(line->partition, line->offset))
          continue;
        ++count_;
        OUZEL_TRY_VOID(take(*line, record));
      }
    }
    return {};
  }

  bool pending(const Record& record) const {
    for (const GroupOffset& one : done_) {
      if (one.partition == record.partition && one.offset) return record.offset >= *one.offset;
    }
    return true;
  }

  int found() const {
    if (options_.choice.key.empty() || count_ > 0) return kExitDone;
    std::fprintf(stderr, "ouzel dlq: no reject %s in topic %s\n", options_.choice.key.c_str(),
                 source_.rejects.c_str());
    return kExitFailed;
  }

  Result<int> replay() {
    std::uint64_t written = 0;
    std::optional<Error> wrong;
    const auto reported = [&](void*, const Error* failure) {
      written += failure == nullptr ? 1 : 0;
      if (failure != nullptr && !wrong) wrong = *failure;
    };
    OUZEL_TRY(const auto writer,
              RecordWriter::open(settings_.producer, source_.topic, kMeetMax, reported));
    std::vector<GroupOffset> reached = done_;
    const auto sent = each([&](const RecordLine& line, const Record& record) -> Result<void> {
      if (header_of(record, reject_header::kLeftOut)) {
        std::fprintf(stderr, "ouzel dlq: %s was too large for topic %s and is not sent again\n",
                     position_text(line.partition, line.offset).c_str(), source_.rejects.c_str());
      } else {
        OUZEL_TRY_VOID(write(*writer, line, record));
      }
      for (GroupOffset& one : reached) {
        if (one.partition == record.partition) one.offset = record.offset + 1;
      }
      return wrong ? Result<void>(tl::unexpected(*wrong)) : Result<void>();
    });
    while (writer->queued() > 0 && !wrong) writer->poll(kWait);  // Bounded: each has a time limit.
    std::fprintf(stderr, "ouzel dlq: %llu sent again to topic %s\n",
                 static_cast<unsigned long long>(written), source_.topic.c_str());
    OUZEL_TRY_VOID(sent);
    if (wrong) return tl::unexpected(*wrong);
    std::erase_if(reached, [](const GroupOffset& one) { return !one.offset; });
    if (options_.choice.key.empty() && !reached.empty() && count_ > 0) {
      OUZEL_TRY_VOID(admin_->commit(group(), source_.rejects, reached));
    }
    return found();
  }

  static Result<void> write(RecordWriter& writer, const RecordLine& line, const Record& record) {
    std::vector<RecordHeader> headers;
    for (const RecordHeader& header : record.headers) {
      const bool ours = header.name.starts_with(reject_header::kPrefix) ||
                        header.name.starts_with(reject_header::kConnectPrefix);
      if (!ours || header.name == reject_header::kAttempts) headers.push_back(header);
    }
    const OutRecord out{
        .partition = line.partition, .key = record.key, .value = record.value, .headers = headers};
    while (true) {
      OUZEL_TRY(const bool taken, writer.put(out, nullptr, true));
      writer.poll(taken ? milliseconds(0) : kWait);
      if (taken) return {};
    }
  }

  const KafkaSourceSpec& source_;
  const Pipeline& pipeline_;
  const DlqOptions& options_;
  std::unique_ptr<KafkaAdmin> admin_;
  KafkaSettings settings_;
  std::unique_ptr<TopicReader> reader_;
  std::vector<GroupOffset> done_;
  std::vector<Watermarks> ends_;
  std::uint64_t count_ = 0;
};

}  // namespace

int dlq_rejects(const DlqOptions& options) {
  if (options.pipeline.path.empty()) {
    std::fprintf(stderr, "ouzel dlq: --rejects needs --pipeline FILE, which names the topics\n");
    return kExitUsage;
  }
  if (options.action == "show" && options.choice.key.empty()) {
    std::fprintf(stderr, "ouzel dlq: show needs --key P:OFFSET, as ls prints it\n");
    return kExitUsage;
  }
  const auto loaded = load_or_print(options.pipeline);
  if (!loaded) return kExitConfig;
  if (loaded->pipeline.kafka_source.topic.empty()) {
    return failed("dlq", {ErrorCode::config,
                          options.pipeline.path +
                              ": its events do not come from Kafka; what it rejected is in its "
                              "data directory: ouzel tap rejects --data-dir DIR"});
  }
  const auto done = Rejects(loaded->pipeline, options).run();
  return done ? *done : failed("dlq", done.error());
}

}  // namespace ouzel
