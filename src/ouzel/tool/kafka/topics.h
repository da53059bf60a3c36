/// `ouzel topics`: the Kafka topics of a pipeline: which there are, and making those that are not.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/log/kafka/kafka_admin.h"
#include "ouzel/pipeline/pipeline_file.h"

namespace ouzel {

/// One topic of a pipeline, as it is made; the input first.
struct PipelineTopic {
  std::string role;  ///< events, outcomes, rejects, journal or models.
  KafkaTopicWish wish;
  bool of_events = false;  ///< With as many partitions as the events.
  bool read = false;       ///< By a worker.
  bool written = true;     ///< By a worker.
};

/// What a pipeline with `source.kafka` needs, if its input has `partitions`.
std::vector<PipelineTopic> pipeline_topics(const Pipeline& pipeline, std::uint32_t partitions);

/// A connection with the settings of the pipeline. Error config: its events do not come from Kafka.
Result<std::unique_ptr<KafkaAdmin>> open_admin(const Pipeline& pipeline);

struct TopicsOptions {
  std::string action;  ///< create or ls.
  PipelineFile file;
  std::uint32_t partitions = 0;              ///< Of a new input; 0: limits.partitions.
  std::optional<std::uint16_t> replication;  ///< Absent: the brokers' default.
};

/// Returns the exit code: 1 if a topic is missing or does not fit, 69 if no broker answers, 78 if
/// only other settings or rights help.
int topics(const TopicsOptions& options);

}  // namespace ouzel
