/// Reads a tree into a struct by its field table, and collects everything that is wrong with it.
#pragma once

#include <string>

#include "ouzel/base/error.h"
#include "ouzel/spec/document.h"
#include "ouzel/spec/finding.h"
#include "ouzel/spec/table.h"

namespace ouzel {

/// Findings: unknown_key, missing, type, unit, range, unknown_value, one_of, not_in_build. What is
/// wrong keeps its struct's initial value; use `out` only if there are no findings.
void read_erased(const Table& table, const Node& node, void* out, Findings& findings);

template <class T>
void read(const TableOf<T>& table, const Node& node, T& out, Findings& findings) {
  read_erased(table.table(), node, &out, findings);
}

/// What is wrong with one value; the message reads on after the field's path.
struct ValueFault {
  std::string rule;
  std::string message;
  std::string hint;
  Mark at;
};

/// Settings as they stand in a node, and what is wrong with each.
struct ReadSettings {
  Settings values;
  /// Of the setting with this name; empty: of the map itself.
  std::vector<std::pair<std::string, ValueFault>> faults;
};
ReadSettings read_settings(const TableField& field, const Node& node);

/// One value of a field whose kind is not table, list, map or absent; bounds and checks included.
tl::expected<Value, ValueFault> read_value(const TableField& field, const Node& node);

/// The map that a scalar stands for (Table::shorthand), or `node` as it is.
Node expand_shorthand(const Table& table, const Node& node);

/// The nested table's node where the file has none: the default.
Node default_node(const TableField& field, Mark at);

}  // namespace ouzel
