/// What a running engine does not take over from its edited pipeline file: it must be restarted, or
/// have another data directory.
#pragma once

#include <string>
#include <vector>

#include "ouzel/app/pipeline.h"

namespace ouzel {

/// One text a key, with the key's name and what to do; never a value, which may be a secret. Empty:
/// all that differs may change.
std::vector<std::string> fixed_changes(const Pipeline& now, const Pipeline& next);

}  // namespace ouzel
