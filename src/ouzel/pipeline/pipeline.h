/// Pipeline: a pipeline file as typed values, and the way from its text to a Plan.
///
/// Values; no thread rules. The field tables behind it (pipeline_fields.cc and the `…_fields.cc` of
/// the components) are the only place where a key's default, bounds, unit and help text stand.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/batch/schema.h"
#include "ouzel/decide/decide_spec.h"
#include "ouzel/egress/sink_spec.h"
#include "ouzel/enrich/enrich_stage.h"
#include "ouzel/feature/feature_spec.h"
#include "ouzel/gateway/file_source_spec.h"
#include "ouzel/lane/plan.h"
#include "ouzel/log/kafka/kafka_spec.h"
#include "ouzel/model/detector_spec.h"
#include "ouzel/model/onnx_model.h"
#include "ouzel/spec/expand.h"
#include "ouzel/spec/finding.h"
#include "ouzel/spec/override.h"

namespace ouzel {

struct TimeSpec {
  std::chrono::nanoseconds max_future{};  ///< Beyond acceptance + this: rejected, clock_ahead.
  std::chrono::nanoseconds max_late{};    ///< Behind the key's newest by more: too_late.
};

/// Bounds of everything that could grow. Numbers of keys, duplicates and rows are of the whole
/// engine; make_plan divides them among the lanes.
struct LimitsSpec {
  std::uint16_t partitions = 0;
  std::uint64_t keys = 0;        ///< Keys with state; the least recently seen goes first.
  std::uint64_t duplicates = 0;  ///< Accepted events remembered to find duplicates.
  std::uint64_t in_flight = 0;   ///< Rows accepted and not yet scored.
  std::uint64_t request_bytes = 0;
  std::uint32_t connections = 0;         ///< HTTP connections at a time.
  std::chrono::nanoseconds retention{};  ///< Older events and outcomes are removed.
  std::uint64_t log_bytes = 0;           ///< Beyond it the oldest go earlier; 0: no such limit.
  std::uint64_t segment_bytes = 0;       ///< Of the largest segment file.
  std::uint64_t snapshot_bytes = 0;      ///< Log written between two snapshots.
  std::uint64_t table_rows = 0;          ///< Of one lookup table.
  std::uint64_t table_bytes = 0;         ///< Of the file of one lookup table.
  std::uint64_t backlog_bytes = 0;       ///< Of log that waits for a sink, beyond retention.
  std::uint64_t dead_letter_bytes = 0;   ///< Of one sink's dead letters.

  bool operator==(const LimitsSpec&) const = default;
};

struct ServeSpec {
  std::string listen;                         ///< address:port, as it was given.
  std::chrono::nanoseconds shutdown_delay{};  ///< Between "not ready" and closed doors.

  bool operator==(const ServeSpec&) const = default;
};

struct Pipeline {
  std::string name;
  std::string directory;  ///< Of the pipeline file, with its last slash; empty: the current one.
  Schema schema;          ///< limits.event_bytes and limits.depth are in it.
  FileSourceSpec file;    ///< Without a path, and without a topic: events come over HTTP.
  KafkaSourceSpec kafka_source;
  KafkaSpec kafka;
  TimeSpec time;
  std::vector<EnrichSpec> enrich;
  LookupTables tables;  ///< As `enrich`.
  Schema enriched;      ///< `schema` and what `enrich` adds: what features and the model see.
  std::vector<FeatureSpec> features;
  DetectorSpec detector;
  OnnxSpec onnx;                           ///< Without a file: the detector scores.
  std::shared_ptr<const OnnxModel> model;  ///< Of `onnx`.
  DecideSpec decide;
  std::vector<SinkSpec> sinks;
  LimitsSpec limits;
  ServeSpec serve;
  std::vector<PlanFile> files;  ///< That it names beside itself, as they were read.
  /// Effective text of what influences state or outcomes: what the plan's hash is made of.
  std::string canonical;
  /// The part of it that state depends on; another content of a table or a model file is not.
  std::string state_canonical;
};

struct PipelineInput {
  std::string file;  ///< What findings call it.
  std::string text;
  std::string directory;            ///< As Pipeline::directory.
  std::vector<Override> overrides;  ///< In this order; a later one wins.
  Lookup lookup;                    ///< Of `${env:…}` and `${file:…}`.
  /// Of a kept plan: what is read at these keys, whatever path stands there.
  std::vector<PlanFile> kept = {};
  std::string laid_over = {};  ///< A plan's text, which counts above all else (spec/overlay.h).
  int stop_fd = -1;            ///< As PipelineFile::stop_fd.
};

struct LoadedPipeline {
  Pipeline pipeline;
  std::string effective;  ///< The whole file with its defaults, secrets masked.
};

/// Parses, expands, overrides, reads and lints. nullopt: `findings` says why.
std::optional<LoadedPipeline> load_pipeline(const PipelineInput& input, Findings& findings);
/// The same of a text alone, for programs. Error config: the findings, one a line.
Result<Pipeline> parse_pipeline(std::string_view text);

/// Error config: a component refuses its part, or the wiring does not hold.
Result<Plan> make_plan(const Pipeline& pipeline);

/// Memory of the lanes' state.
struct StateCost {
  std::uint64_t key_bytes = 0;     ///< Of one key, its place in the tables included.
  std::uint64_t shared_bytes = 0;  ///< Of all lanes, whatever the number of keys.
  std::uint64_t bytes_max = 0;     ///< With limits.keys keys.
};
Result<StateCost> state_cost(const Pipeline& pipeline);

}  // namespace ouzel
