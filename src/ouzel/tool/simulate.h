/// `ouzel simulate`: plays simulated devices to a receiver, a file or stdout.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "ouzel/gateway/simulator_spec.h"

namespace ouzel {

struct SimulateOptions {
  SimulatorSpec simulator;
  double rate = 1000;                    ///< Events a second; 0: as fast as it can.
  std::uint64_t count = 0;               ///< Events to send; 0: no such limit.
  std::chrono::nanoseconds duration{0};  ///< Of this machine's time; 0: no such limit.
  std::string out = "-";           ///< "-": stdout; http://…, kafka:…: sent there; else a file.
  std::vector<std::string> kafka;  ///< NAME=VALUE each: how to get there.
  std::string truth;               ///< File for the ground truth; empty: none.
  std::uint32_t request_events_max = 500;  ///< Events of one HTTP request.
  std::uint32_t connections = 2;           ///< HTTP connections side by side.
};

/// Returns the exit code.
int simulate(const SimulateOptions& options);

}  // namespace ouzel
