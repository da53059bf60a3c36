/// Field table of `model: {detector: …}`.
#pragma once

#include "ouzel/model/detector_spec.h"
#include "ouzel/spec/table.h"

namespace ouzel {

TableOf<DetectorSpec> detector_fields();

}  // namespace ouzel
