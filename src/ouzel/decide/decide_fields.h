/// Field table of the `decide` section.
#pragma once

#include "ouzel/decide/decide_spec.h"
#include "ouzel/spec/table.h"

namespace ouzel {

TableOf<DecideSpec> decide_fields();

}  // namespace ouzel
