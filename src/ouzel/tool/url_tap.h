/// `ouzel tap --url`: a topic of a running engine, page by page through its API.
#pragma once

#include "ouzel/tool/tap.h"

namespace ouzel {

/// Without `follow` it ends where the topic ended when it began. Returns the exit code.
int tap_url(const TapOptions& options);

}  // namespace ouzel
