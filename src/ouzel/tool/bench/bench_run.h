/// What a benchmark saw of the events that it wrote: their outcomes, by number, and the sum of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ouzel/base/types.h"

namespace ouzel {

/// The outcome of one event, as it was read.
struct SeenOutcome {
  std::uint64_t number = 0;
  SteadyTime at{};
  bool rejected = false;
};

/// Of an outcome's `data`. nullopt: its event's id does not begin with `prefix` and go on with a
/// number, so it is somebody else's.
std::optional<SeenOutcome> seen_outcome(std::string_view data, std::string_view prefix,
                                        SteadyTime now);

struct BenchRun {
  std::uint64_t written = 0, lost = 0, doubled = 0, rejected = 0;
  std::vector<double> ms;            ///< From when an event was due to its outcome, sorted.
  std::chrono::nanoseconds took{0};  ///< From the first event to the last outcome.

  bool complete() const { return lost == 0 && doubled == 0; }
  double quantile(double share) const;
  double per_second() const;
};

/// `due`: when each event was, by its number.
BenchRun summarize(std::span<const SteadyTime> due, std::span<const SeenOutcome> seen);

}  // namespace ouzel
