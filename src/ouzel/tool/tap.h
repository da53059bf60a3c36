/// `ouzel tap`: prints a topic as NDJSON, CSV or one JSON array, from a data directory, from a
/// running engine or from Kafka.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ouzel/base/types.h"
#include "ouzel/pipeline/pipeline_file.h"

namespace ouzel {

struct TapFrom {
  enum class Kind : std::uint8_t { beginning, end, offset } kind = Kind::beginning;
  PartitionId partition{};  ///< With offset: only this partition, from there on.
  Offset offset{};
};

/// One `--where` term, `score>=0.9`: all terms must hold. `path` leads by dots into the line's
/// `data`, or into the line itself if it has no such member (`event.key`, `label`, `id`). Compared
/// as numbers if both sides are numbers, else as text. A missing member fails all but `!=`.
struct TapTerm {
  enum class Compare : std::uint8_t { eq, ne, lt, le, gt, ge } compare = Compare::eq;
  std::string path;
  std::string value;
};

struct TapOptions {
  std::string topic;      ///< events, outcomes, rejects, labels, models or alarms.
  std::string data_dir;   ///< Used if `url` is empty.
  std::string url;        ///< http://host:port of a running engine; empty: read files.
  PipelineFile pipeline;  ///< With a path: read the topics of its source.kafka.
  TapFrom from;
  bool follow = false;
  std::uint64_t limit = 0;  ///< Lines; 0: all.
  std::vector<TapTerm> where;
  std::string format = "ndjson";     ///< ndjson, csv or json.
  std::vector<std::string> columns;  ///< Of csv, paths as in a TapTerm; empty: the topic's usual.
};

/// Returns the exit code: 1 after damage or a failure, 69 if `url` or Kafka cannot be reached.
int tap(const TapOptions& options);

}  // namespace ouzel
