#include "ouzel/gateway/record_events.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "ouzel/decode/avro_json.h"
#include "ouzel/decode/base64.h"
#include "ouzel/decode/cloud_event.h"
#include "ouzel/decode/detail.h"
#include "ouzel/decode/split.h"
#include "ouzel/gateway/structured_event.h"
#include "ouzel/http/message.h"
#include "ouzel/log/record_time.h"

namespace ouzel {
namespace {

constexpr std::string_view kPrefix = "ce_";
constexpr std::string_view kCloudEvents = "application/cloudevents";
constexpr std::string_view kHeaderAttribute = "kafkaheader";
constexpr std::string_view kPayloadType = "dev.knative.kafka.event";
/// Of one topic; more are asked for again.
constexpr std::size_t kSchemasKept = 100;
/// Behind who registered a schema and wrote with it.
constexpr std::chrono::seconds kSchemaMayLag{10};
/// Beyond this the memory that one event took is given back.
constexpr std::size_t kBytesKept = 1 << 20;

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return http::iequals(text.substr(0, prefix.size()), prefix);
}

/// Of structured mode the one format that is understood: `+json`, or none named.
bool is_json_event(std::string_view content_type) {
  const std::string_view format = content_type.substr(kCloudEvents.size());
  return http::iequals(http::trim(format.substr(0, format.find(';'))), "+json") ||
         http::trim(format.substr(0, format.find(';'))).empty();
}

template <class Integer>
void append_number(std::string& out, Integer number) {
  std::array<char, 24> text{};
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
}

/// Whether a header's name is `wanted`, once only its letters and digits are left, in lower case.
bool same_header(std::string_view name, std::string_view wanted) {
  std::size_t at = 0;
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) continue;
    if (at == wanted.size() || wanted[at] != c) return false;
    ++at;
  }
  return at == wanted.size();
}

/// Nothing else says when the last row happened.
void refuse_timeless(Batch& batch) {
  const std::size_t row = batch.rows() - 1;
  if (!batch.live(row) || batch.time[row] != kNoTime) return;
  batch.fate[row] = Fate::schema;
  batch.detail.pop();
  batch.detail.append(
      "time: missing, expected the event's own or a timestamp of its record from 1970 to 2262");
}

}  // namespace

RecordEvents::RecordEvents(const Schema& schema, Options options)
    : schema_(schema),
      format_(options.format),
      registry_(options.registry),
      clock_(options.clock),
      source_("/ouzel/" + options.pipeline + "/kafka#" + options.topic),
      decoder_(schema) {
  const std::array<const FieldSource*, 2> roles{&schema.key, &schema.time};
  for (std::size_t i = 0; i < roles.size(); ++i) {
    if (roles[i]->kind != FieldSource::Kind::attribute) continue;
    wanted_[i].name = roles[i]->name;
    if (wanted_[i].name.starts_with(kHeaderAttribute)) {
      wanted_[i].header = std::string_view(wanted_[i].name).substr(kHeaderAttribute.size());
    }
  }
}

Result<void> RecordEvents::append(const Record& record, Batch& batch) {
  Said said = read(record);
  name(record, said);
  for (std::string* made : {&bytes_, &json_}) {
    if (made->capacity() > kBytesKept) *made = {};
    made->clear();
  }
  std::string_view value = record.value.value_or("");
  const bool automatic = format_ == RecordFormat::automatic;
  if (!record.value && !(automatic && said.cloud_event)) {
    refuse(Fate::malformed, "a record without a value (a tombstone): expected a JSON object",
           batch);
  } else if (value.size() > schema_.event_bytes_max) {
    detail_ = "expected at most " + std::to_string(schema_.event_bytes_max) + " bytes, got " +
              std::to_string(value.size());
    refuse(Fate::too_large, detail_, batch);
  } else if (automatic && record.value) {
    OUZEL_TRY(const Fate fate, unframe(record, said, value));
    if (fate == Fate::live) {
      append_value(record, said, value, batch);
    } else {
      refuse(fate, detail_, batch);
    }
  } else {
    append_value(record, said, value, batch);
  }
  if (record.timestamp == kNoTimestamp) refuse_timeless(batch);
  return {};
}

Result<std::string_view> RecordEvents::value_of(const Record& record) {
  std::string_view value = record.value.value_or("");
  if (!record.value || format_ == RecordFormat::json) return value;
  Said said = read(record);
  json_.clear();
  OUZEL_TRY(const Fate fate, unframe(record, said, value));
  if (fate != Fate::live) return fail(ErrorCode::corrupt, detail_);
  return value;
}

/// A value without its framing, by what the headers say of it.
void RecordEvents::append_value(const Record& record, const Said& said, std::string_view value,
                                Batch& batch) {
  if (format_ == RecordFormat::json) return payload(record, value, batch);
  if (starts_with_ignoring_case(said.content_type, kCloudEvents)) {
    if (is_json_event(said.content_type)) return structured(value, batch);
    const std::string got = http::valid_utf8(said.content_type);
    describe(detail_, "content-type", "application/cloudevents+json", {.token = got});
    return refuse(Fate::envelope, detail_, batch);
  }
  if (said.cloud_event) return binary(record, said, value, batch);
  if (looks_like_cloudevent(value)) return structured(value, batch);
  payload(record, value, batch);
}

/// If the value is framed, makes it JSON. Any fate but live: it cannot be, `detail_` says why.
Result<Fate> RecordEvents::unframe(const Record& record, Said& said, std::string_view& value) {
  std::string_view frame = said.frame.value_or(value);
  const auto magic = frame.empty() ? 0xff : static_cast<unsigned char>(frame[0]);
  const std::size_t size = magic == 0 ? kIdFrameBytes : magic == 1 ? kGuidFrameBytes : 0;
  if (size == 0) {
    // No JSON begins with a control character other than a blank.
    const bool blank = magic == '\t' || magic == '\n' || magic == '\r';
    if (!said.frame && (magic >= 0x20 || blank)) return Fate::live;
    detail_ = said.frame ? "header __value_schema_id: " : "";
    detail_ += "unknown magic byte, expected 0 or 1 (a schema registry's framing)";
    if (!said.frame) detail_ += " or JSON";
    if (!frame.empty()) detail_ += ", got " + std::to_string(magic);
    return Fate::malformed;
  }
  if (frame.size() < size || (said.frame && frame.size() != size)) {
    detail_ = "a schema's id: expected " + std::to_string(size) +
              " bytes with its magic byte, got " + std::to_string(frame.size());
    return Fate::malformed;
  }
  frame = frame.substr(0, size);
  if (!said.frame) value.remove_prefix(size);
  if (registry_ == nullptr) {
    detail_ = "framed for a schema registry, schema " + name_of_frame(frame) +
              ": set source.kafka.registry to its URL";
    return Fate::malformed;
  }
  if (!starts_with_ignoring_case(said.content_type, kCloudEvents)) {
    said.content_type = "application/json";
  }
  OUZEL_TRY(const auto schema, schema_of(frame));
  if (!schema->lasting && may_come(record.timestamp)) {
    return fail(ErrorCode::unavailable, schema->why + "; the record of partition " +
                                            std::to_string(record.partition.value()) + ", offset " +
                                            std::to_string(record.offset.value()) +
                                            " waits for it until it is 10 s old");
  }
  return to_json(frame, *schema, value);
}

Result<std::shared_ptr<const RecordSchema>> RecordEvents::schema_of(std::string_view frame) {
  if (const auto at = schemas_.find(frame); at != schemas_.end()) return at->second;
  OUZEL_TRY(auto schema, registry_->find(frame));
  if (schemas_.size() >= kSchemasKept) schemas_.clear();
  if (schema->lasting) schemas_.emplace(frame, schema);
  return schema;
}

/// A time further ahead than that is none to wait for.
bool RecordEvents::may_come(WallTime written) const {
  if (clock_ == nullptr) return false;
  const auto age = clock_->wall() - written;
  return age < kSchemaMayLag && -age < kSchemaMayLag;
}

Fate RecordEvents::to_json(std::string_view frame, const RecordSchema& schema,
                           std::string_view& value) {
  switch (schema.kind) {
    case RecordSchema::Kind::json: return Fate::live;
    case RecordSchema::Kind::unusable: detail_ = schema.why; return Fate::malformed;
    case RecordSchema::Kind::avro: break;
  }
  const auto fault =
      avro_to_json(json_, *schema.avro, value,
                   {.bytes_max = schema_.event_bytes_max, .depth_max = schema_.depth_max});
  value = json_;
  if (!fault) return Fate::live;
  detail_ = "schema " + name_of_frame(frame) + ": " + fault->detail;
  return fault->fate;
}

RecordEvents::Said RecordEvents::read(const Record& record) {
  Said said;
  for (const RecordHeader& header : record.headers) {
    if (!header.value) continue;
    const std::string_view name = header.name;
    if (name.starts_with(kPrefix)) {
      const std::string_view attribute = name.substr(kPrefix.size());
      if (attribute == "id") said.id = *header.value;
      if (attribute == "source") said.source = *header.value;
      said.cloud_event |= attribute == "specversion" || attribute == "id" ||
                          attribute == "source" || attribute == "type";
    } else if (http::iequals(name, "content-type")) {
      said.content_type = http::trim(*header.value);
    } else if (http::iequals(name, "traceparent")) {
      said.trace = trace_of(*header.value);
    } else if (name == "__value_schema_id") {
      said.frame = header.value;
    }
  }
  return said;
}

void RecordEvents::name(const Record& record, const Said& said) {
  id_.assign("partition:");
  append_number(id_, record.partition.value());
  id_.append("/offset:");
  append_number(id_, record.offset.value());
  given_ = {.form = EventForm::payload, .source = source_, .id = id_, .trace = said.trace};
}

void RecordEvents::structured(std::string_view value, Batch& batch) {
  bytes_.assign(value);
  decode({.form = EventForm::structured, .trace = given_.trace}, batch);
}

void RecordEvents::binary(const Record& record, const Said& said, std::string_view value,
                          Batch& batch) {
  // Also what cannot be read as an event is called by its own name, where it has one.
  if (!said.id.empty() && !said.source.empty() && http::is_utf8(said.id) &&
      http::is_utf8(said.source)) {
    given_.id = said.id;
    given_.source = said.source;
  }
  StructuredEvent event(bytes_);
  for (const RecordHeader& header : record.headers) {
    if (!header.value || !header.name.starts_with(kPrefix)) continue;
    const std::string_view attribute = header.name.substr(kPrefix.size());
    std::string_view wrong;
    if (StructuredEvent::reserved(attribute)) {
      wrong = "not a header of binary mode; content-type and the value say it";
    } else if (!event.attribute(attribute, *header.value)) {
      wrong = "not UTF-8";
    }
    if (wrong.empty()) continue;
    describe(detail_, http::valid_utf8(header.name), wrong);
    return refuse(Fate::envelope, detail_, batch);
  }
  if (const auto fault = event.end(said.content_type, value)) {
    if (fault->fate == Fate::malformed) return refuse_data(value, batch);
    return refuse(fault->fate, fault->detail, batch);
  }
  decode({.form = EventForm::structured, .trace = given_.trace}, batch);
}

/// What is wrong with the JSON of an event in binary mode is told by its own bytes.
void RecordEvents::refuse_data(std::string_view value, Batch& batch) {
  bytes_.assign(value).append(kDecodePadding, '\0');
  const DecodedRow& row = decoder_.decode(given_, std::string_view(bytes_).substr(0, value.size()));
  detail_.assign(row.fate == Fate::malformed ? row.detail : "the data is not one JSON value");
  refuse(Fate::malformed, detail_, batch);
}

void RecordEvents::payload(const Record& record, std::string_view value, Batch& batch) {
  Envelope envelope = given_;
  std::size_t count = 0;
  for (Wanted& wanted : wanted_) {
    const std::string_view text = attribute(wanted, record);
    if (!text.empty()) attributes_[count++] = {.name = wanted.name, .text = text};
  }
  envelope.attributes = std::span(attributes_).first(count);
  if (record.timestamp > WallTime{}) envelope.time = EventTime(record.timestamp.time_since_epoch());
  bytes_.assign(value);
  decode(envelope, batch);
}

/// As KafkaSource has it; empty: there is none.
std::string_view RecordEvents::attribute(Wanted& wanted, const Record& record) {
  if (wanted.name.empty()) return {};
  if (wanted.name == "type") return kPayloadType;
  if (wanted.name == "key" || wanted.name == "partitionkey") {
    const std::string_view key = record.key.value_or("");
    if (http::is_utf8(key)) return key;
    wanted.made.clear();
    append_base64(wanted.made, key);
    return wanted.made;
  }
  if (wanted.name == "subject") {
    wanted.made.assign("partition:");
    append_number(wanted.made, record.partition.value());
    wanted.made += '#';
    append_number(wanted.made, record.offset.value());
    return wanted.made;
  }
  std::string_view found;
  for (const RecordHeader& header : record.headers) {
    const bool same = wanted.name == "datacontenttype"
                          ? http::iequals(header.name, "content-type")
                          : !wanted.header.empty() && same_header(header.name, wanted.header);
    if (same && header.value && http::is_utf8(*header.value)) found = *header.value;
  }
  return found;
}

/// The event that stands in bytes_.
void RecordEvents::decode(Envelope envelope, Batch& batch) {
  const std::size_t size = bytes_.size();
  bytes_.append(kDecodePadding, '\0');
  DecodedRow row =
      decoder_.decode_unanswered(envelope, given_, std::string_view(bytes_).substr(0, size));
  if (!given_.trace.empty()) row.trace = given_.trace;
  ouzel::append(batch, row);
}

void RecordEvents::refuse(Fate fate, std::string_view detail, Batch& batch) {
  Envelope envelope = given_;
  envelope.form = EventForm::refused;
  envelope.fate = fate;
  envelope.detail = detail;
  ouzel::append(batch, decoder_.decode(envelope, {}));
}

}  // namespace ouzel
