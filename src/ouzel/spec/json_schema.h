/// JSON Schema (draft 2020-12) of a field table, for editors.
#pragma once

#include <string>

#include "ouzel/spec/table.h"

namespace ouzel {

/// A whole schema document, indented, with a line's end.
std::string json_schema(const Table& table, const std::string& title);

}  // namespace ouzel
