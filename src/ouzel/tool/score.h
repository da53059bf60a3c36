/// `ouzel score`: the pipeline as a filter, without a data directory: events in, outcomes out, in
/// the order of the input (scorer.h says what an outcome here is).
#pragma once

#include <cstdint>
#include <string>

#include "ouzel/gateway/event_text_spec.h"
#include "ouzel/pipeline/pipeline.h"

namespace ouzel {

struct ScoreOptions {
  Pipeline pipeline;
  EventTextSpec text;  ///< How the input is written.
  std::string in = "-";
  std::string out = "-";
  std::uint64_t limit = 0;  ///< Events; 0: all.
};

/// Returns the exit code: 1 if the input cannot be read to its end, after the outcomes of what
/// could. A rejected event is an outcome, no failure.
int score(const ScoreOptions& options);

}  // namespace ouzel
