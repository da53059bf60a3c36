/// Field table of `source.file`.
#pragma once

#include "ouzel/gateway/file_source_spec.h"
#include "ouzel/spec/table.h"

namespace ouzel {

TableOf<FileSourceSpec> file_source_fields();

}  // namespace ouzel
