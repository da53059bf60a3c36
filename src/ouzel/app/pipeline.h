/// Pipeline: a pipeline file as typed values, and the way from the file to a Plan.
///
/// Values; no thread rules. The field tables behind it are in pipeline_fields.cc: the only place
/// where a key's default, bounds, unit and help text stand.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/batch/schema.h"
#include "ouzel/decide/decide_spec.h"
#include "ouzel/feature/feature_spec.h"
#include "ouzel/lane/plan.h"
#include "ouzel/model/detector_spec.h"

namespace ouzel {

struct TimeSpec {
  std::chrono::nanoseconds max_future{};   ///< Beyond acceptance + this: rejected, clock_ahead.
  std::chrono::nanoseconds max_late{};     ///< Behind the key's newest by more: too_late.
};

/// Bounds of everything that could grow. Totals are of the whole engine.
struct LimitsSpec {
  std::uint16_t partitions = 0;
  std::uint64_t keys = 0;                  ///< Keys with state; the least recently seen goes first.
  std::uint64_t duplicates = 0;            ///< Accepted events remembered to find duplicates.
  std::uint64_t in_flight = 0;             ///< Rows accepted and not yet scored.
  std::uint64_t event_bytes = 0;
  std::uint64_t request_bytes = 0;
  std::uint32_t depth = 0;                 ///< Of JSON nesting.
  std::uint32_t connections = 0;           ///< HTTP connections at a time.
  std::chrono::nanoseconds retention{};    ///< Younger events and outcomes are never removed.
  std::uint64_t log_bytes = 0;             ///< Older ones go beyond this; 0: no such limit.
};

struct ServeSpec {
  std::string listen;                      ///< address:port
};

struct Pipeline {
  std::string name;
  Schema schema;
  TimeSpec time;
  std::vector<FeatureSpec> features;
  DetectorSpec detector;
  DecideSpec decide;
  LimitsSpec limits;
  ServeSpec serve;
};

}  // namespace ouzel
