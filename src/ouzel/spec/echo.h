/// The effective configuration: what the file says, with every default filled in, in the order of
/// the field tables and in one form for each value; secrets are masked.
///
/// It is YAML again, and equal configurations give equal text: the plan's hash is made of it.
#pragma once

#include <cstdint>
#include <string>

#include "ouzel/spec/document.h"
#include "ouzel/spec/table.h"

namespace ouzel {

enum class EchoPart : std::uint8_t {
  all,
  outcome,  ///< Only what state or outcomes depend on (FieldText::operational is false).
  state,    ///< Only what state depends on (and FieldText::stateless is false).
};

/// `node` must have been read by `table` without findings.
std::string echo(const Table& table, const Node& node, EchoPart part = EchoPart::all);

}  // namespace ouzel
