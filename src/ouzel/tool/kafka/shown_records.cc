#include "ouzel/tool/kafka/shown_records.h"

#include <charconv>

#include "ouzel/decode/decoder.h"
#include "ouzel/http/message.h"
#include "ouzel/log/kafka/reject_headers.h"
#include "ouzel/log/record_time.h"
#include "ouzel/outcome/outcome.h"
#include "ouzel/run/kafka_registry.h"

namespace ouzel {
namespace {

/// The number in a header; nullopt: there is none.
std::optional<std::int64_t> number_of(const Record& record, std::string_view header) {
  const std::string_view text = header_of(record, header).value_or("");
  std::int64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

ShownRecords::ShownRecords(const Pipeline& pipeline)
    : schema_(pipeline.schema),
      registry_(open_registry(pipeline, clock_)),
      events_(schema_, {.pipeline = pipeline.name,
                        .topic = pipeline.kafka_source.topic,
                        .format = pipeline.kafka_source.format,
                        .registry = registry_.get()}) {}

std::optional<EventName> ShownRecords::name_of(const Record& reject) {
  // What is left out had the name.
  if (header_of(reject, reject_header::kLeftOut)) return std::nullopt;
  const auto partition = number_of(reject, reject_header::kPartition);
  const auto offset = number_of(reject, reject_header::kOffset);
  if (!partition || !offset) return std::nullopt;
  Record original = reject;
  original.partition = PartitionId(static_cast<std::uint16_t>(*partition));
  original.offset = Offset(static_cast<std::uint64_t>(*offset));
  original.timestamp = record_time(number_of(reject, reject_header::kTimestamp).value_or(-1));
  reset(batch_, schema_);
  if (const auto done = events_.append(original, batch_); !done) {
    note(done.error());
    return std::nullopt;
  }
  EventName out{.source = http::valid_utf8(batch_.source[0]),
                .id = http::valid_utf8(batch_.id[0]),
                .key = http::valid_utf8(batch_.key[0]),
                .time = {}};
  if (batch_.time[0] != kNoTime) render_time(out.time, batch_.time[0]);
  return out;
}

Record ShownRecords::readable(const Record& record) {
  const auto value = events_.value_of(record);
  if (!value) note(value.error());
  Record out = record;
  if (value && record.value) out.value = *value;
  return out;
}

void ShownRecords::note(const Error& error) {
  if (unread_++ == 0) why_ = error.message;
}

}  // namespace ouzel
