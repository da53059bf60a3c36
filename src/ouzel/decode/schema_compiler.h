/// SchemaCompiler: from the text of a JSON Schema to its program. Whatever the program would not
/// check as JSON Schema 2020-12 says is refused here, by its place in the schema.
#pragma once

#include <memory>
#include <string_view>

#include "ouzel/base/error.h"
#include "ouzel/decode/schema_program.h"

namespace ouzel {

/// Error config: `#/pointer: what is wrong`, one a line.
Result<std::unique_ptr<SchemaProgram>> compile_schema(std::string_view text);

}  // namespace ouzel
