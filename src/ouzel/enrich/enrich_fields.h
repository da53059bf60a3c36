/// The field table of one entry of `enrich`.
#pragma once

#include "ouzel/enrich/enrich_spec.h"
#include "ouzel/spec/table.h"

namespace ouzel {

TableOf<EnrichSpec> enrich_fields();

}  // namespace ouzel
