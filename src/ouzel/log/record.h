/// Record: one record of a Kafka topic as those see it who turn it into an event. Views; they live
/// as long as the message that the log holds.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "ouzel/base/types.h"

namespace ouzel {

struct RecordHeader {
  std::string_view name;
  std::optional<std::string_view> value;
};

struct Record {
  std::string_view topic;
  PartitionId partition{};
  Offset offset{};
  WallTime timestamp{};  ///< CreateTime or LogAppendTime, to the millisecond.
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  ///< Absent: a tombstone.
  std::span<const RecordHeader> headers;
};

}  // namespace ouzel
