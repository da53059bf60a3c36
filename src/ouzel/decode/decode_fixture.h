/// What the decoder's tests share: padded bytes, a schema with a field of every type, and a row as
/// a value that can be compared.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/decode/decoder.h"

namespace ouzel {

/// A row that owns its bytes. Numbers are kept as bits, so that NaN equals NaN.
struct OwnedRow {
  Fate fate = Fate::live;
  std::string detail, source, id, key, trace;
  std::int64_t time = 0;
  std::vector<std::uint64_t> numbers;
  std::vector<std::string> strings;
  bool operator==(const OwnedRow&) const = default;
  double number(std::size_t i) const {
    double out = 0;
    std::memcpy(&out, &numbers.at(i), sizeof(out));
    return out;
  }
};

inline OwnedRow own(const DecodedRow& row) {
  OwnedRow out{row.fate,
               std::string(row.detail),
               std::string(row.source),
               std::string(row.id),
               std::string(row.key),
               std::string(row.trace),
               row.time.time_since_epoch().count(),
               {},
               {}};
  for (const double number : row.numbers) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &number, sizeof(bits));
    out.numbers.push_back(bits);
  }
  for (const std::string_view text : row.strings) out.strings.emplace_back(text);
  return out;
}

/// `padding` stands behind the bytes; it must make no difference.
inline OwnedRow decode_with(Decoder& decoder, const Envelope& envelope, std::string_view bytes,
                            char padding = '}') {
  std::string padded(bytes);
  padded.append(kDecodePadding, padding);
  return own(decoder.decode(envelope, std::string_view(padded).substr(0, bytes.size())));
}

inline constexpr Envelope kPayloadEnvelope{EventForm::payload, "/door", "id-1", "tr"};

inline OwnedRow decode_payload(const Schema& schema, std::string_view bytes) {
  Decoder decoder(schema);
  return decode_with(decoder, kPayloadEnvelope, bytes);
}
inline OwnedRow decode_structured(const Schema& schema, std::string_view bytes,
                                  Envelope envelope = {EventForm::structured, "", "", ""}) {
  Decoder decoder(schema);
  return decode_with(decoder, envelope, bytes);
}

/// Columns: temperature, count, on (numbers); mode, name (strings).
inline Schema plain_schema() {
  Schema schema;
  schema.key = {FieldSource::Kind::payload, "device_id"};
  schema.fields = {
      {.name = "temperature", .min = -40, .max = 150},
      {.name = "count", .type = FieldType::integer, .required = false},
      {.name = "on", .type = FieldType::boolean, .required = false},
      {.name = "mode",
       .type = FieldType::string,
       .required = false,
       .allowed = {"idle", "run", "clean"}},
      {.name = "name",
       .type = FieldType::string,
       .required = false,
       .length_min = 2,
       .length_max = 4,
       .pattern = "^[a-zäöü\\x00]+$"},
  };
  return schema;
}

/// The same, with the event's time in the payload's field `ts`.
inline Schema timed_schema() {
  Schema schema = plain_schema();
  schema.time = {FieldSource::Kind::payload, "ts"};
  return schema;
}

/// `../shared` beside the checkout, or what OUZEL_SHARED names.
inline std::filesystem::path shared_folder() {
  const char* named = std::getenv("OUZEL_SHARED");
  if (named != nullptr) return named;
  return std::filesystem::path(OUZEL_SOURCE_DIR) / ".." / "shared";
}

inline std::string read_whole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace ouzel
