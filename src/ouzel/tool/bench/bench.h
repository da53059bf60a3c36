/// `ouzel bench`: measures the engine on this machine and prints a table.
#pragma once

#include "ouzel/tool/bench/bench_options.h"

namespace ouzel {

/// Returns the exit code.
int bench(const BenchOptions& options);

}  // namespace ouzel
