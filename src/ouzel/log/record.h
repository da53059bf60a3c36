/// Record: one record of a Kafka topic as those see it who turn it into an event. Views; they live
/// as long as the message that the log holds.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "ouzel/base/types.h"

namespace ouzel {

/// What a record's value is.
enum class RecordFormat : std::uint8_t {
  automatic,  ///< By headers and first byte: a CloudEvent, Confluent framing, else JSON.
  json,       ///< A plain payload, whatever the headers say.
};

struct RecordHeader {
  std::string_view name;
  std::optional<std::string_view> value;
};

/// Of names and values, which is what counts towards a topic's max.message.bytes.
inline std::uint64_t bytes_of(std::span<const RecordHeader> headers) {
  std::uint64_t out = 0;
  for (const RecordHeader& header : headers) {
    out += header.name.size() + header.value.value_or("").size();
  }
  return out;
}

struct Record {
  std::string_view topic;
  PartitionId partition{};
  Offset offset{};
  WallTime timestamp{};  ///< CreateTime or LogAppendTime, in ms; or kNoTimestamp.
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  ///< Absent: a tombstone.
  std::span<const RecordHeader> headers;
};

}  // namespace ouzel
