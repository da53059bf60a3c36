#include "ouzel/gateway/event_bytes.h"

#include "ouzel/decode/event_record.h"
#include "ouzel/http/message.h"

namespace ouzel {
namespace {

std::optional<EventRecord> record_at(std::string_view body, std::uint64_t row) {
  ByteReader reader(body);
  for (std::uint64_t i = 0; i < row; ++i) {
    if (!read_record(reader)) return std::nullopt;
  }
  return read_record(reader);
}

}  // namespace

EventSource events_of(Log& log) {
  return {.find = [&log](PartitionId partition,
                         Offset offset) { return log.find(Topic::events, partition, offset); },
          .read_from = [&log](LogPosition at) { return log.read_from(at); }};
}

std::optional<std::string> EventBytes::of(PartitionId partition, Offset offset) {
  Cached& cached = cached_[partition];
  const auto holds = [&] {
    return !cached.body.empty() && cached.header.base <= offset &&
           offset < cached.header.base + cached.header.rows;
  };
  if (!holds()) {
    if (!cached.reader || offset < cached.header.base) {
      const auto at = events_.find(partition, offset);
      if (!at) return std::nullopt;
      cached.reader = events_.read_from(*at);
    }
    for (;;) {
      const auto frame = cached.reader->next();
      if (!frame && frame.error().code == ErrorCode::corrupt) continue;
      if (!frame || !*frame) return std::nullopt;
      const FrameHeader& header = (*frame)->header;
      if (header.topic != Topic::events || header.partition != partition) continue;
      cached.header = header;
      cached.body = (*frame)->body;
      if (holds()) break;
      if (header.base > offset) return std::nullopt;
    }
  }
  const auto record = record_at(cached.body, offset - cached.header.base);
  if (!record) return std::nullopt;
  if (record->envelope.form == EventForm::refused) return http::valid_utf8(record->bytes);
  return std::string(record->bytes);
}

}  // namespace ouzel
