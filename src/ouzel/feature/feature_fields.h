/// Field table of one item of the `features` section.
#pragma once

#include "ouzel/feature/feature_spec.h"
#include "ouzel/spec/table.h"

namespace ouzel {

TableOf<FeatureSpec> feature_fields();

}  // namespace ouzel
