#include "ouzel/run/assembly.h"

#include <algorithm>
#include <thread>

#include "ouzel/engine/kafka/shared_plans.h"
#include "ouzel/run/kafka_assembly.h"
#include "ouzel/run/segment_assembly.h"

namespace ouzel {

Result<std::unique_ptr<Assembly>> Assembly::open(const RunOptions& options, AssemblySeams seams) {
  if (!options.pipeline.kafka_source.topic.empty()) return KafkaAssembly::open(options, seams);
  return SegmentAssembly::open(options, seams);
}

Result<std::optional<PlanRecord>> Assembly::group_plan_of(const RunOptions& options) {
  if (options.pipeline.kafka_source.topic.empty()) return std::optional<PlanRecord>();
  return KafkaAssembly::group_plan_of(options);
}

std::string Assembly::archive_of(const RunOptions& options) {
  return plans_root(options.pipeline.kafka_source.snapshots, options.data_dir);
}

unsigned io_thread_count(const RunOptions& options) { return std::max(1U, options.io_threads); }

std::uint32_t worker_count(const RunOptions& options, std::uint16_t partitions) {
  if (options.workers > 0) return options.workers;
  const std::uint32_t cores = std::max(2U, std::thread::hardware_concurrency());
  return std::min<std::uint32_t>(cores / 2, partitions);
}

}  // namespace ouzel
