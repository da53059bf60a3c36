#include "ouzel/spec/overlay.h"

#include <algorithm>
#include <utility>

#include "ouzel/spec/reader.h"

namespace ouzel {
namespace {

Node map_of(const Table& table, const Node* node, Mark at) {
  return node != nullptr ? expand_shorthand(table, *node) : make_map(at);
}

void set(Node& map, const std::string& key, const Node* value) {
  const auto at = std::find_if(map.entries.begin(), map.entries.end(),
                               [&](const NodeEntry& entry) { return entry.key == key; });
  if (value == nullptr) {
    if (at != map.entries.end()) map.entries.erase(at);
  } else if (at != map.entries.end()) {
    at->value = *value;
  } else {
    map.entries.push_back({.key = key, .key_at = value->at, .value = *value});
  }
}

}  // namespace

void lay_over(Node& own, const Node& upper, const Table& table) {
  for (const TableField& field : table.fields) {
    if (field.kind == FieldKind::absent || field.text.operational) continue;
    const Node* above = upper.find(field.name);
    if (field.kind != FieldKind::table) {
      set(own, field.name, above);
      continue;
    }
    const Node* below = own.find(field.name);
    Node merged = map_of(*field.table, below, own.at);
    lay_over(merged, map_of(*field.table, above, upper.at), *field.table);
    const bool named = above != nullptr || !merged.entries.empty();
    set(own, field.name, named ? &merged : nullptr);
  }
}

}  // namespace ouzel
