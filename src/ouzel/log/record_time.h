/// What a record's timestamp says. Pure, any thread.
#pragma once

#include <chrono>
#include <cstdint>

#include "ouzel/base/types.h"

namespace ouzel {

/// The timestamp of a record that has none.
inline constexpr WallTime kNoTimestamp{std::chrono::milliseconds(-1)};

/// Of Kafka's milliseconds since 1970. What lies before 1970 or beyond 2262, which nanoseconds do
/// not reach, is none.
constexpr WallTime record_time(std::int64_t ms) {
  const auto most = std::chrono::floor<std::chrono::milliseconds>(WallTime::duration::max());
  return ms < 0 || ms > most.count() ? kNoTimestamp : WallTime(std::chrono::milliseconds(ms));
}

}  // namespace ouzel
