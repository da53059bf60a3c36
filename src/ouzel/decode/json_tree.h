/// JsonTree: one JSON text as nodes, parents before children, for whoever has to look at a value
/// more than once. Made by JsonWalker (an event) or JsonDocument (a file). Views live as long as
/// the text that it was made from. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ouzel/base/hash.h"
#include "ouzel/decode/json_value.h"
#include "ouzel/decode/name_table.h"

namespace ouzel {

struct JsonNode {
  JsonValue value;
  std::string_view name;  ///< Of a member: its name, escapes resolved.
  std::uint32_t name_slot = NameTable::kNone;
  std::uint32_t size = 1;   ///< Nodes of this value, itself included.
  std::uint32_t count = 0;  ///< Members or elements.

  /// The first member or element, if there is one; the sibling of a node, if there is one.
  const JsonNode* first() const { return this + 1; }
  const JsonNode* next() const { return this + size; }
  bool is(JsonValue::Kind kind) const { return value.is(kind); }
  /// Of an object: the member of this name, or nullptr.
  const JsonNode* find(std::string_view member) const;
};

/// As many values as this are not kept: what holds a tree holds about 10 MB at most.
inline constexpr std::size_t kTreeNodesMax = 1 << 17;

class JsonTree {
 public:
  void clear();
  const JsonNode& root() const { return nodes_.front(); }
  const JsonNode& at(std::size_t place) const { return nodes_[place]; }
  bool empty() const { return nodes_.empty(); }
  std::size_t size() const { return nodes_.size(); }
  /// There is no more room: the tree may not be all of the text.
  bool full() const { return nodes_.size() >= kTreeNodesMax; }

  /// Adds a value and returns its place; the tree must not be full. `named`: how the next value is
  /// called.
  std::size_t open(const JsonValue& value);
  void named(std::string_view name, std::uint32_t slot) {
    name_ = name;
    slot_ = slot;
  }
  /// The value at `place` has `count` members or elements, all of which were added.
  void close(std::size_t place, std::size_t count);

 private:
  std::vector<JsonNode> nodes_;
  std::string_view name_;
  std::uint32_t slot_ = NameTable::kNone;
};

/// Equality of JSON values: numbers by what they mean, members in any order. Neither has an object
/// with a name twice. The time is that of `hash_of` for each, and of finding every member.
bool equal(const JsonNode& one, const JsonNode& other);
/// Equal values have equal hashes.
Hash128 hash_of(const JsonNode& node);

/// Of an object: a name that it has twice; nullptr if there is none.
const JsonNode* repeated_member(const JsonNode& object);

/// The JSON Pointer (RFC 6901) of a node within the tree of `root`; "" is the root itself.
std::string pointer_to(const JsonNode& root, const JsonNode& node);
/// Appends `/name` as a pointer has it.
void append_pointer(std::string& pointer, std::string_view name);

}  // namespace ouzel
