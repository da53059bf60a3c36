/// JSON of what a running engine is and does: `GET /api/v1/status` and `GET /api/v1/pipeline`.
#pragma once

#include <chrono>
#include <string>

#include "ouzel/lane/plan.h"
#include "ouzel/lane/status.h"
#include "ouzel/serve/event_counters.h"

namespace ouzel {

/// Totals, latency in milliseconds, lanes, log. Rates are the reader's: two of these and the
/// difference of their `uptime_s`.
std::string status_json(const EngineStatus& status, const EventCounters& events,
                        std::chrono::nanoseconds uptime);

/// What one frame of the live statistics is made from.
struct StatsSample {
  EngineStatus engine;
  std::uint64_t refused = 0;
  std::chrono::nanoseconds uptime{};
};
/// Rates a second and latency between two samples, and the status now.
std::string stats_json(const StatsSample& now, const StatsSample& before,
                       const EventCounters& events);

/// Outcomes on disk that the sink has yet to pass.
std::uint64_t sink_lag(const SinkStatus& sink, const EngineStatus& engine);

/// Names and settings in force.
std::string pipeline_json(const Plan& plan);

}  // namespace ouzel
