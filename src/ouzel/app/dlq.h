/// `ouzel dlq`: dead letters of a data directory: list them, show one, send them again.
#pragma once

#include <string>

#include "ouzel/app/pipeline_file.h"

namespace ouzel {

struct DlqOptions {
  std::string action;  ///< ls, show or replay.
  std::string data_dir;
  std::string sink;       ///< Only of this sink; empty: of all.
  std::string key;        ///< Only this letter; empty: all.
  PipelineFile pipeline;  ///< For replay: whose sinks the letters go to.
};

/// Returns the exit code: 0, 78 where there is no data directory, or 1 if a letter could not be
/// delivered or there is none of that key. Also while the engine runs: what has been replayed is
/// kept in a file of its own.
int dlq(const DlqOptions& options);

}  // namespace ouzel
