#include "ouzel/decode/event_record.h"

namespace ouzel {

void write_record(std::string& out, const Envelope& envelope, std::string_view bytes) {
  ByteWriter writer(out);
  writer.put_varint(static_cast<std::uint64_t>(envelope.form));
  writer.put_string(envelope.source);
  writer.put_string(envelope.id);
  writer.put_string(envelope.trace);
  if (envelope.form == EventForm::refused) {
    writer.put_varint(static_cast<std::uint64_t>(envelope.fate));
    writer.put_string(envelope.detail);
  }
  writer.put_string(bytes);
}

std::optional<EventRecord> read_record(ByteReader& reader) {
  if (reader.left() == 0) return std::nullopt;
  const std::uint64_t form = reader.get_varint();
  EventRecord record;
  record.envelope.source = reader.get_string();
  record.envelope.id = reader.get_string();
  record.envelope.trace = reader.get_string();
  if (form > static_cast<std::uint64_t>(EventForm::refused)) return std::nullopt;
  record.envelope.form = static_cast<EventForm>(form);
  if (record.envelope.form == EventForm::refused) {
    const std::uint64_t fate = reader.get_varint();
    record.envelope.fate = static_cast<Fate>(fate);
    record.envelope.detail = reader.get_string();
    if (fate >= kFates || !refused(record.envelope.fate)) return std::nullopt;
  }
  record.bytes = reader.get_string();
  if (!reader.ok()) return std::nullopt;
  return record;
}

bool decode_frame(Decoder& decoder, const Schema& schema, std::string_view body, std::uint32_t rows,
                  Batch& batch) {
  std::string padded;
  padded.reserve(body.size() + kDecodePadding);
  padded.append(body);
  padded.append(kDecodePadding, '\0');
  reset(batch, schema);
  ByteReader reader(std::string_view(padded).substr(0, body.size()));
  for (std::uint32_t row = 0; row < rows; ++row) {
    const auto record = read_record(reader);
    if (!record) return false;
    append(batch, decoder.decode(record->envelope, record->bytes));
  }
  return reader.left() == 0;
}

}  // namespace ouzel
