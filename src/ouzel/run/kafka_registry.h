/// The schema registry that a pipeline's `source.kafka` names.
#pragma once

#include <memory>

#include "ouzel/base/clock.h"
#include "ouzel/gateway/schema_registry.h"
#include "ouzel/pipeline/pipeline.h"

namespace ouzel {

/// Shared by all who read records; null: the pipeline names none. Asks nobody. `clock` must outlive
/// it.
std::shared_ptr<SchemaRegistry> open_registry(const Pipeline& pipeline, const Clock& clock);

}  // namespace ouzel
