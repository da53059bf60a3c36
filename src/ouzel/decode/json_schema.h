/// JsonSchema: a JSON Schema (draft 2020-12) beside or in place of a Schema's field table. An
/// immutable snapshot that all decoders of a pipeline share.
///
/// In place of the table, the scalar properties of its root become the fields, in the order in
/// which the document first names them; what a field checks as JSON Schema would (type, minimum,
/// maximum, lengths, pattern, an enum of strings, required) is then no longer in the program, and
/// if nothing else is asked there is none: a flat schema costs what a field table costs.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "ouzel/base/error.h"
#include "ouzel/batch/schema.h"
#include "ouzel/decode/schema_program.h"

namespace ouzel {

struct JsonSchema {
  std::unique_ptr<const SchemaProgram> compiled;
  const SchemaProgram& program() const { return *compiled; }
};

/// Puts the schema in this text into force: sets `schema.json_schema`, and `schema.fields` if there
/// are none. Error config: `#/pointer: what`, one a line, or that it gives no field.
Result<void> use_json_schema(std::string_view text, Schema& schema);

}  // namespace ouzel
