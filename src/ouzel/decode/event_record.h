/// The record of one event in an event frame's body (docs/format/log.md, "Body of topic events"):
/// the event's bytes as they came, and what was known beside them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ouzel/base/bytes.h"
#include "ouzel/decode/decoder.h"

namespace ouzel {

struct EventRecord {
  Envelope envelope;
  std::string_view bytes;
};

void write_record(std::string& out, const Envelope& envelope, std::string_view bytes);
/// The next record; nullopt at the end or if the bytes are no record. Views into the reader's
/// bytes.
std::optional<EventRecord> read_record(ByteReader& reader);

/// Decodes all records of a frame into `batch` (made empty first). `body` needs no padding. False:
/// not `rows` records.
bool decode_frame(Decoder& decoder, const Schema& schema, std::string_view body, std::uint32_t rows,
                  Batch& batch);

}  // namespace ouzel
