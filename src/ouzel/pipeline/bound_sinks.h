/// The sinks that a pipeline has in this process: those that its file names, or else the one that
/// Knative binds through the environment (K_SINK). Values; no thread rules. Errors: config.
#pragma once

#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/egress/sink_spec.h"
#include "ouzel/pipeline/pipeline.h"

namespace ouzel {

Result<std::vector<SinkSpec>> sinks_of(const Pipeline& pipeline);

}  // namespace ouzel
