/// What an edited pipeline file asks of a running engine.
#pragma once

#include <string>
#include <vector>

#include "ouzel/pipeline/pipeline.h"

namespace ouzel {

/// What is not taken over: the engine must be restarted, or have another data directory. One text a
/// key, with the key's name and what to do; never a value, which may be a secret. Empty: all that
/// differs may change.
std::vector<std::string> fixed_changes(const Pipeline& now, const Pipeline& next);

/// Whether both are run the same way, and differ in what decides outcomes at most.
bool same_operation(const Pipeline& now, const Pipeline& next);

/// Whether the file says the same, secrets included.
bool same_file(const LoadedPipeline& one, const LoadedPipeline& other);

}  // namespace ouzel
