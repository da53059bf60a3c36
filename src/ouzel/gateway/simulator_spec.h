/// What the simulator of sensor devices should play. A value; `ouzel simulate` and the benchmark
/// fill it in, gateway/simulator makes events of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "ouzel/base/types.h"

namespace ouzel {

/// From `at` on (event time since the start) a feature of every device lies `sigma` standard
/// deviations of its noise higher. It is the world that changed, not an anomaly.
struct SimulatedDrift {
  std::chrono::nanoseconds at{0};
  std::string feature;
  double sigma = 0;
};

/// Shares are of all events, in [0, 1]. A seed gives the same bytes.
struct SimulatorSpec {
  std::uint32_t devices = 100;
  std::uint64_t seed = 1;
  /// Event time of the first event; by default 2026-03-01T00:00:00Z.
  EventTime start{std::chrono::seconds(1772323200)};
  std::chrono::nanoseconds interval{std::chrono::seconds(1)};  ///< Between events of a device.
  double anomaly_rate = 0.002;  ///< Share in a labelled anomaly, once devices are settled.
  double late_share = 0;        ///< Share that comes after a younger one of its device.
  double duplicate_share = 0;   ///< Share that is sent twice.
  double malformed_share = 0;   ///< Share whose bytes are broken on purpose.
  std::vector<SimulatedDrift> drift;
};

}  // namespace ouzel
