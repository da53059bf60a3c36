/// What `ouzel doctor` looks at for a pipeline whose events come from Kafka: the schema registry,
/// the brokers, the topics, what this user may do there, how far the group is behind, and its
/// newest records.
///
/// Reads only; joins no group. Takes at most some ten seconds where nobody answers.
#pragma once

#include <vector>

#include "ouzel/pipeline/pipeline.h"
#include "ouzel/tool/doctor.h"

namespace ouzel {

std::vector<Check> examine_kafka(const Pipeline& pipeline, const Clock& clock);

}  // namespace ouzel
