/// Plan: a pipeline file made ready to run. An immutable value shared by all lanes.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/hash.h"
#include "ouzel/batch/schema.h"
#include "ouzel/outcome/outcome.h"
#include "ouzel/stage/stage.h"

namespace ouzel {

/// Decodes the body of an event frame of `rows` events; false: not such a body. One thread.
using FrameDecoder = std::function<bool(std::string_view body, std::uint32_t rows, Batch& out)>;

/// A file that a pipeline names beside itself: a table, a model, a schema, a time zone.
struct PlanFile {
  std::string key;   ///< That names it: "enrich.0.table".
  std::string path;  ///< Where it was read; empty in what is only read of a plan's text.
  Hash128 hash;      ///< Of its content.
};

struct Plan {
  std::string pipeline;  ///< `name`
  Schema schema;
  std::chrono::nanoseconds max_future{0};
  std::chrono::nanoseconds max_late{0};
  std::uint16_t partitions = 8;
  std::size_t keys_max = 0;        ///< Of one lane.
  std::size_t duplicates_max = 0;  ///< Accepted events of one lane remembered.
  std::string model_name;          ///< "detector"
  std::uint32_t model_version = 1;
  double threshold = 0.9;
  bool include_features = false;
  std::vector<std::string> feature_names;  ///< Columns of Batch::features.
  std::vector<std::string> reason_names;   ///< What Reasons::column indexes.
  /// A fresh set of stages for one lane, in the order in which they run.
  std::function<std::vector<std::unique_ptr<Stage>>()> make_stages;
  std::function<FrameDecoder()> make_decoder;
  /// Everything that influences state or outcome: the canonical YAML of those sections, then lines
  /// of comment that name the files by their content, and what the build's stages keep.
  std::string text;
  std::vector<PlanFile> files;  ///< That `text` names.
  Hash128 hash;                 ///< Of `text`.
  /// Of what influences state alone: plans of one state hash go on with each other's snapshots.
  Hash128 state_hash;
};

/// How a plan's text names a file: `# <key> <hash>`, a line.
std::string file_line(const PlanFile& file);
/// The files that a plan's text names.
std::vector<PlanFile> named_files(std::string_view text);

/// What every outcome of the plan says about it.
InForce in_force_of(const Plan& plan);

}  // namespace ouzel
