/// Field table of a whole pipeline file. Sections that a component owns stand in that component's
/// own table and come in through catalog.h.
#pragma once

#include "ouzel/pipeline/pipeline.h"
#include "ouzel/spec/table.h"

namespace ouzel {

/// Made once.
const TableOf<Pipeline>& pipeline_fields();

}  // namespace ouzel
