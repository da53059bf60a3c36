/// `ouzel bench` on a pipeline whose events come from Kafka: measures the workers that run
/// elsewhere, from the outside.
///
/// Writes events of `simulate` to the topic of events and reads their outcomes back, committed ones
/// only, as somebody else's consumer would. The topics may have other events meanwhile; they are
/// told apart by their ids. Two threads: one writes, one reads, and each keeps its own times.
#pragma once

#include "ouzel/base/file_system.h"
#include "ouzel/pipeline/pipeline.h"
#include "ouzel/tool/bench/bench_options.h"

namespace ouzel {

/// Returns the exit code: 1 if outcomes are missing or doubled, 69 if no worker or broker answers.
int bench_kafka(const BenchOptions& options, const Pipeline& pipeline, FileSystem& fs);

}  // namespace ouzel
