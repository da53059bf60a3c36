/// What a running engine and a file of ground truth say, read from their JSON. Values; any thread.
/// Members that are absent stay at their default, so that an older or newer engine can be watched.
/// Errors: corrupt (not JSON).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/base/types.h"
#include "ouzel/batch/schema.h"

namespace ouzel {

struct LaneView {
  std::uint64_t partition = 0;
  std::string state;  ///< recovering, running, stopped
  std::string why;
  std::uint64_t accepted = 0, scored = 0, rejected = 0, in_flight = 0, keys = 0, keys_max = 0;
  double newest_event_s = 0;  ///< Time of its newest event, since the epoch; 0: none yet.
};

/// How long one stage took for its batches since the engine started.
struct StageView {
  std::string name;
  std::uint64_t count = 0;
  double p50_ms = 0, p90_ms = 0, p99_ms = 0;
};

/// `GET /api/v1/status`.
struct StatusView {
  std::string pipeline, model;
  std::uint64_t accepted = 0, scored = 0, rejected = 0, in_flight = 0;
  std::uint64_t late = 0, alerts = 0, duplicates = 0, refused = 0, keys = 0, log_bytes = 0;
  double latency_p50_ms = 0, latency_p90_ms = 0, latency_p99_ms = 0;
  double sync_p50_ms = 0, sync_p99_ms = 0;
  double batch_rows_p50 = 0, batch_rows_p99 = 0;
  double uptime_s = 0;
  std::vector<LaneView> lanes;
  std::vector<StageView> stages;
};
Result<StatusView> read_status(std::string_view json);

/// One outcome, as far as a person wants it at a glance.
struct OutcomeView {
  std::string key, time_text, label, route;
  EventTime time{};
  double score = 0, confidence = 0;
  std::vector<std::pair<std::string, double>> reasons;  ///< The strongest first.
};
/// `GET /api/v1/outcomes`.
struct OutcomesView {
  std::vector<OutcomeView> outcomes;  ///< In the order of the page.
  std::string next;                   ///< Where the next page begins (`from`); empty: unknown.
};
Result<OutcomesView> read_outcomes(std::string_view json);

/// `GET /api/v1/<topic>`, line for line.
struct LinesView {
  std::vector<std::string> lines;   ///< As they came, byte for byte.
  std::vector<std::string> damage;  ///< What the engine could not read.
  std::string next;                 ///< As of OutcomesView, but always there.
};
Result<LinesView> read_lines(const std::string& topic, std::string_view json);

/// Of `/api/v1/pipeline`: names and types of the fields, key and time; nullopt: it is no such
/// answer.
std::optional<Schema> read_schema(std::string_view json);

/// The `detail` of a problem; of anything else all of it.
std::string read_problem(const std::string& body);

/// One line of a truth file about an event within an anomaly; nullopt for other lines (late and
/// broken events, drifts).
struct TruthView {
  std::string key, episode, kind;
  EventTime time{};
};
std::optional<TruthView> read_truth(std::string_view line);

}  // namespace ouzel
