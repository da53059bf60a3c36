#include "ouzel/tool/kafka/record_sample.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "ouzel/http/message.h"
#include "ouzel/run/kafka_registry.h"
#include "ouzel/spec/quantity.h"
#include "ouzel/tool/kafka/kafka_lines.h"

namespace ouzel {
namespace {

using State = Check::State;

constexpr std::chrono::seconds kSkewWarn{5};
constexpr std::size_t kShownBytes = 60;

/// In quotes, cut where it is long.
std::string shown(std::string_view key) {
  const std::string text = http::valid_utf8(key.substr(0, kShownBytes));
  return "'" + text + (key.size() > kShownBytes ? "…'" : "'");
}

}  // namespace

RecordSample::RecordSample(const Pipeline& pipeline, const Clock& clock)
    : pipeline_(pipeline),
      clock_(clock),
      registry_(open_registry(pipeline, clock)),
      events_(pipeline.schema, {.pipeline = pipeline.name,
                                .topic = pipeline.kafka_source.topic,
                                .format = pipeline.kafka_source.format,
                                .registry = registry_.get()}) {}

void RecordSample::Count::note(const Record& record, std::string found) {
  if (records++ > 0) return;
  position = position_text(record.partition, record.offset);
  what = std::move(found);
}

void RecordSample::take(const Record& record) {
  newest_ = std::max(newest_.value_or(record.timestamp), record.timestamp);
  if (registry_away_) return;
  reset(batch_, pipeline_.schema);
  registry_away_ = !events_.append(record, batch_);
  if (registry_away_) return;
  ++read_;
  if (batch_.fate[0] != Fate::live) {
    rejected_.note(record,
                   std::string(to_string(batch_.fate[0])) + ": " + std::string(batch_.detail[0]));
  }
  if (!batch_.key[0].empty()) compare_key(record, batch_.key[0]);
}

void RecordSample::compare_key(const Record& record, std::string_view key) {
  const std::string_view has = record.key.value_or("");
  if (has.empty()) return without_key_.note(record, "the event's is " + shown(key));
  // A serializer may have put it in quotes or behind a schema's id, which keeps an entity together.
  if (!http::is_utf8(has) || has.find(key) != has.npos) return;
  other_key_.note(record, shown(has) + ", the event's is " + shown(key));
}

std::string RecordSample::of_the_newest(const Count& count) const {
  return std::to_string(count.records) + " of the newest " + std::to_string(read_);
}

std::vector<Check> RecordSample::checks() const {
  std::vector<Check> out;
  if (read_ > 0) out = {format(), record_key()};
  out.push_back(record_time());
  return out;
}

Check RecordSample::format() const {
  if (rejected_.records == 0) {
    return {State::ok, "records", "the newest " + std::to_string(read_) + " are events"};
  }
  return {State::warn, "records", of_the_newest(rejected_) + " are rejected; " + rejected_.first(),
          "ouzel tap events --pipeline FILE --limit 1 --from " + rejected_.position + " shows it"};
}

Check RecordSample::record_key() const {
  const std::string name = pipeline_.schema.key.name;
  if (without_key_.records > 0) {
    return {State::warn, "record key",
            of_the_newest(without_key_) + " have none; " + without_key_.first(),
            "produce with the event's " + name +
                " as the record's key: without it an entity's events are spread over partitions"};
  }
  if (other_key_.records > 0) {
    return {State::warn, "record key",
            of_the_newest(other_key_) + " have another than the event's; " + other_key_.first(),
            "produce with the event's " + name +
                " as the record's key: an entity's events must be in one partition"};
  }
  return {State::ok, "record key", "the newest have that of the event, " + name};
}

/// A record that is ahead makes its key's later ones too_late, or is clock_ahead.
Check RecordSample::record_time() const {
  if (!newest_) return {State::ok, "record time", "no records yet"};
  const auto ahead = *newest_ - clock_.wall();
  const auto away = std::chrono::round<std::chrono::seconds>(ahead < ahead.zero() ? -ahead : ahead);
  const std::string text = format_duration(away);
  if (ahead > kSkewWarn) {
    return {State::warn, "record time", "the newest is " + text + " ahead of this clock",
            "an NTP client on both machines: its key's later events may be too_late"};
  }
  return {State::ok, "record time",
          "the newest is " + text + (ahead > ahead.zero() ? " ahead" : " old")};
}

}  // namespace ouzel
