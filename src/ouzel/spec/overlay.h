/// One configuration laid over another: what decides outcomes from the one, how it is run from the
/// other. The field tables know which is which (FieldText::operational). Pure.
#pragma once

#include "ouzel/spec/document.h"
#include "ouzel/spec/table.h"

namespace ouzel {

/// `own` keeps what is operational and takes all else from `upper`, also what is not there. Both
/// are of `table`; what neither can be is left for the reader to find.
void lay_over(Node& own, const Node& upper, const Table& table);

}  // namespace ouzel
