/// What only the meaning of a pipeline can show to be wrong, beyond the field tables.
#pragma once

#include "ouzel/pipeline/pipeline.h"
#include "ouzel/spec/document.h"
#include "ouzel/spec/finding.h"

namespace ouzel {

/// `pipeline` was read from `root` without findings. Findings: bounds, not_for_type, unknown_field,
/// not_numeric, duplicate_feature, too_many_features, thresholds, limits, plan.
void lint_pipeline(const Pipeline& pipeline, const Node& root, Findings& findings);

}  // namespace ouzel
