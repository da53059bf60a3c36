/// The docs of a field table: as plain text for a terminal, or as Markdown.
#pragma once

#include <string>

#include "ouzel/spec/table.h"

namespace ouzel {

/// One line a key, nested keys indented: name, kind, bounds, default, help.
std::string reference_text(const Table& table);
/// A heading and a table of keys for this table and for every one nested in it.
std::string reference_markdown(const Table& table);
/// "duration, 1ms to 7d, default 5m": what a field takes.
std::string describe_kind(const TableField& field);

}  // namespace ouzel
