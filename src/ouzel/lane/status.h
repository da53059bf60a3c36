/// What a running engine says about itself; /metrics, /readyz, /api/v1 and `top` read it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ouzel/base/histogram.h"
#include "ouzel/base/types.h"
#include "ouzel/log/sink_status.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {

/// Of one lane. `accepted` and `totals` are durable and belong to one instant of the log, so that
/// accepted = scored + rejected + in flight.
struct LaneStatus {
  PartitionId partition{};
  enum class State : std::uint8_t { recovering, running, stopped } state = State::recovering;
  std::string why;               ///< If stopped: what happened and what to do.
  std::uint64_t accepted = 0;    ///< Events of this partition that are on disk.
  Totals totals;                 ///< Of the outcomes that are on disk.
  Totals before;                 ///< Of these, from before this process had the partition (Kafka).
  std::uint64_t unread = 0;      ///< In the topic, and not fetched yet (Kafka), about.
  std::uint64_t duplicates = 0;  ///< Since this process started.
  std::uint64_t keys = 0;
  std::uint64_t keys_max = 0;
  std::uint64_t keys_evicted = 0;  ///< Since this process started.
  EventTime newest_event{};        ///< Of the outcomes that are on disk.
};

struct LogStatus {
  std::uint64_t events_bytes = 0;  ///< Appended since this process started.
  std::uint64_t outcomes_bytes = 0;
  std::uint64_t log_bytes = 0;       ///< On disk now.
  std::uint64_t snapshot_bytes = 0;  ///< On disk now.
  bool admits_events = true;
  std::string why;
};

/// Events that a model has decided.
struct ModelScored {
  std::string name;
  std::uint32_t version = 0;
  std::uint64_t scored = 0;
};

struct EngineStatus {
  std::string pipeline;
  std::string model_name;
  std::uint32_t model_version = 0;
  std::vector<ModelScored> earlier_models;  ///< That this process ran before this one.
  std::vector<LaneStatus> lanes;
  LaneStatus gone;  ///< What this process did in partitions that have gone to others (Kafka).
  LogStatus log;
  std::vector<SinkStatus> sinks;
  HistogramTotals end_to_end_ns;  ///< Acceptance -> outcome on disk.
  HistogramTotals sync_ns;        ///< One fdatasync of the log.
  HistogramTotals batch_rows;
  HistogramTotals snapshot_ns;
  /// Time a batch spends in a stage, by the stage's name.
  std::vector<std::pair<std::string, HistogramTotals>> stage_ns;
};

/// What a counter shows: by this process where the log is Kafka, as a partition's totals move with
/// it and a counter must not; else since the log began.
Totals totals_of(const EngineStatus& status);

/// The scored ones of these by the model that decided. What was there before this process counts
/// for the first model that it ran.
std::vector<ModelScored> scored_by_model(const EngineStatus& status);

/// Whether a stage's time is that of the model.
inline bool is_model_stage(std::string_view stage) {
  return stage == "detector" || stage == "onnx";
}

class Lane;
/// Adds what a lane counts since it was made.
void add_counts(const Lane& lane, EngineStatus& status);

/// Thread-safe.
class StatusSource {
 public:
  virtual ~StatusSource() = default;
  virtual EngineStatus status() const = 0;
};

}  // namespace ouzel
