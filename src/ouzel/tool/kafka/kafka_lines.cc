#include "ouzel/tool/kafka/kafka_lines.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "ouzel/decode/base64.h"
#include "ouzel/decode/json_document.h"
#include "ouzel/decode/name_table.h"
#include "ouzel/decode/split.h"
#include "ouzel/engine/kafka/plan_record.h"
#include "ouzel/gateway/simulator.h"
#include "ouzel/gateway/structured_event.h"
#include "ouzel/http/message.h"
#include "ouzel/log/kafka/reject_headers.h"

namespace ouzel {
namespace {

constexpr std::size_t kDepthMax = 512;

bool is_json(std::string_view text) {
  JsonDocument document;
  NameTable none;
  return document.parse(text, kDepthMax, none).has_value();
}

std::string on_one_line(std::string text) {
  // An end of line cannot stand inside a string of JSON, so a space may take its place.
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::replace(text.begin(), text.end(), '\r', ' ');
  return text;
}

template <class Integer>
bool read_number(std::string_view text, Integer& out) {
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, out);
  return read.ec == std::errc() && read.ptr == end && !text.empty();
}

void append_member(std::string& out, const char* name, std::string_view text) {
  out.append(",\"").append(name).append("\":");
  http::append_json(out, http::valid_utf8(text));
}

/// `bytes`, or `bytes_base64` where a text cannot hold them.
void append_bytes(std::string& out, std::string_view bytes) {
  if (http::is_utf8(bytes)) return append_member(out, "bytes", bytes);
  out += R"(,"bytes_base64":")";
  append_base64(out, bytes);
  out += '"';
}

/// What stands in front of `data`.
std::string line_head(std::string_view id, std::string_view source, std::string_view type,
                      std::optional<std::string_view> time) {
  std::string out = R"({"specversion":"1.0","id":)";
  http::append_json(out, id);
  append_member(out, "source", source);
  append_member(out, "type", type);
  if (time) append_member(out, "time", *time);
  return out + R"(,"datacontenttype":"application/json","data":)";
}

}  // namespace

std::string position_text(PartitionId partition, Offset offset) {
  return std::to_string(partition.value()) + ":" + std::to_string(offset.value());
}

std::optional<std::string_view> header_of(const Record& record, std::string_view name) {
  for (const RecordHeader& header : record.headers) {
    if (header.name == name) return header.value;
  }
  return std::nullopt;
}

std::optional<RecordLine> outcome_line(const Record& record) {
  const auto id = header_of(record, "ce_id");
  const auto source = header_of(record, "ce_source");
  const auto type = header_of(record, "ce_type");
  if (!id || !source || !type || !record.value || !is_json(*record.value)) return std::nullopt;
  const std::size_t colon = id->find(':');
  std::uint16_t partition = 0;
  std::uint64_t offset = 0;
  if (colon == std::string_view::npos || !read_number(id->substr(0, colon), partition) ||
      !read_number(id->substr(colon + 1), offset)) {
    return std::nullopt;
  }
  RecordLine out{PartitionId(partition), Offset(offset), {}};
  out.text = line_head(*id, *source, *type, header_of(record, "ce_time"));
  out.text.append(*record.value).append("}");
  out.text = on_one_line(std::move(out.text));
  return out;
}

std::optional<RecordLine> reject_line(const Record& record, const std::optional<EventName>& name) {
  const auto said = [&](std::string_view header) { return header_of(record, header).value_or(""); };
  std::uint16_t partition = 0;
  std::uint64_t offset = 0;
  const auto reason = header_of(record, reject_header::kReason);
  if (!reason || !read_number(said(reject_header::kPartition), partition) ||
      !read_number(said(reject_header::kOffset), offset)) {
    return std::nullopt;
  }
  RecordLine out{PartitionId(partition), Offset(offset), {}};
  const std::string id = position_text(out.partition, out.offset);
  out.text = line_head(id, "/ouzel/" + http::valid_utf8(said(reject_header::kPipeline)),
                       "dev.ouzel.outcome.v1",
                       name && !name->time.empty() ? std::optional(name->time) : std::nullopt);
  out.text += R"({"event":{)";
  if (name) {
    out.text += R"("source":)";
    http::append_json(out.text, name->source);
    append_member(out.text, "id", name->id);
    out.text += ',';
  }
  out.text += R"("key":)";
  http::append_json(out.text, name ? name->key : http::valid_utf8(record.key.value_or("")));
  if (name && !name->time.empty()) append_member(out.text, "time", name->time);
  std::uint64_t left_out = 0;
  if (read_number(said(reject_header::kLeftOut), left_out)) {
    out.text += ",\"left_out\":" + std::to_string(left_out);
  }
  if (record.value) append_bytes(out.text, *record.value);
  out.text += R"(},"position":{"partition":)" + std::to_string(partition) + R"(,"offset":)" +
              std::to_string(offset) + R"(},"status":"rejected")";
  append_member(out.text, "reason", *reason);
  append_member(out.text, "detail", said(reject_header::kDetail));
  std::uint64_t attempts = 1;
  read_number(said(reject_header::kAttempts), attempts);
  out.text += ",\"attempts\":" + std::to_string(attempts) + "}}";
  return out;
}

std::optional<RecordLine> plan_line(const Record& record, const std::string& pipeline) {
  const auto plan = read_plan_record(record);
  if (!plan) return std::nullopt;
  RecordLine out{record.partition, record.offset, {}};
  std::string time;
  append_time(time, EventTime(record.timestamp.time_since_epoch()));
  out.text = line_head(position_text(record.partition, record.offset), "/ouzel/" + pipeline,
                       "dev.ouzel.plan.v1", time);
  out.text += R"({"plan":")" + to_string(plan->plan()) + '"';
  append_member(out.text, "group", record.key.value_or(""));
  append_member(out.text, "worker", plan->worker);
  out.text += R"(,"replaced":[)";
  for (const Hash128& hash : plan->replaced) {
    if (out.text.back() != '[') out.text += ',';
    out.text += '"' + to_string(hash) + '"';
  }
  out.text += ']';
  append_member(out.text, "text", plan->text);
  out.text += "}}";
  return out;
}

RecordLine event_line(const Record& record, const std::string& pipeline) {
  RecordLine out{record.partition, record.offset, {}};
  const std::string at = position_text(record.partition, record.offset);
  const std::string_view value = record.value.value_or("");
  if (looks_like_cloudevent(value) && is_json(value)) {
    out.text = "{";
    if (value.find("\"ouzelposition\"") == std::string_view::npos) {
      out.text += "\"ouzelposition\":\"" + at + "\",";
    }
    out.text = on_one_line(out.text.append(value.substr(value.find('{') + 1)));
    return out;
  }
  StructuredEvent event(out.text);
  event.attribute("ouzelposition", at);
  const bool binary = header_of(record, "ce_id") && header_of(record, "ce_source");
  if (binary) {
    for (const RecordHeader& header : record.headers) {
      if (!header.value || !header.name.starts_with("ce_")) continue;
      const std::string_view name = header.name.substr(3);
      if (StructuredEvent::reserved(name) || !http::is_utf8(header.name)) continue;
      event.attribute(name, http::valid_utf8(*header.value));
    }
  } else {
    event.attribute("specversion", "1.0");
    event.attribute("id", "partition:" + std::to_string(record.partition.value()) +
                              "/offset:" + std::to_string(record.offset.value()));
    event.attribute("source", "/ouzel/" + pipeline + "/kafka#" + std::string(record.topic));
    event.attribute("type", "dev.knative.kafka.event");
    if (record.timestamp > WallTime{}) {
      std::string time;
      append_time(time, EventTime(record.timestamp.time_since_epoch()));
      event.attribute("time", time);
    }
    if (record.key) event.attribute("partitionkey", http::valid_utf8(*record.key));
  }
  const bool json = is_json(value);
  const auto given = header_of(record, "content-type");
  const std::string type(json ? "application/json" : binary && given ? *given : "text/plain");
  // What calls itself JSON and is none is shown as a text.
  const bool wrong = !json && type.find("json") != std::string::npos;
  (void)event.end(wrong ? "text/plain" : type, value);
  out.text = on_one_line(std::move(out.text));
  return out;
}

}  // namespace ouzel
