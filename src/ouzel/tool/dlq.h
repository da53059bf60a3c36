/// `ouzel dlq`: dead letters of a data directory or of a running engine, or the rejected events of
/// a pipeline on Kafka (kafka_dlq.h): list them, show one, send them again.
#pragma once

#include <string>

#include "ouzel/egress/letter_replay.h"
#include "ouzel/pipeline/pipeline_file.h"

namespace ouzel {

struct DlqOptions {
  std::string action;  ///< ls, show or replay.
  std::string data_dir;
  std::string url;  ///< Of a running engine, which is asked instead; empty: the files are read.
  LetterChoice choice;
  PipelineFile pipeline;  ///< For replay from the files: whose sinks the letters go to.
  bool rejects = false;   ///< Those of the pipeline's rejects topic.
};

/// Returns the exit code: 0, 69 where the engine cannot be asked, 78 where there is no data
/// directory, or 1 if a letter could not be delivered or there is none of that key. Also while the
/// engine runs: what has been replayed is kept in a file of its own.
int dlq(const DlqOptions& options);

}  // namespace ouzel
