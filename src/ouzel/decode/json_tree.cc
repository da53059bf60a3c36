#include "ouzel/decode/json_tree.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "ouzel/base/check.h"
#include "ouzel/decode/decimal.h"

namespace ouzel {
namespace {

using Kind = JsonValue::Kind;

/// An event larger than this is rare, so its memory is given back.
constexpr std::size_t kNodesKept = 4096;
/// Up to this many names are compared each with each.
constexpr std::size_t kFewMembers = 12;

bool same_name(const JsonNode& one, const JsonNode& other) {
  if (one.name_slot != NameTable::kNone || other.name_slot != NameTable::kNone) {
    return one.name_slot == other.name_slot;
  }
  return one.name == other.name;
}

void add_to(Hash128& sum, const Hash128& term) {
  sum.low += term.low;
  sum.high += term.high;
}

/// Of a kind and two hashes, in this order.
Hash128 mix(Kind kind, const Hash128& one, const Hash128& other) {
  char bytes[1 + 2 * sizeof(Hash128)];
  bytes[0] = static_cast<char>(kind);
  std::memcpy(bytes + 1, &one, sizeof(one));
  std::memcpy(bytes + 1 + sizeof(one), &other, sizeof(other));
  return hash128({bytes, sizeof(bytes)});
}

}  // namespace

const JsonNode* JsonNode::find(std::string_view member) const {
  const JsonNode* at = first();
  for (std::uint32_t i = 0; i < count; ++i, at = at->next()) {
    if (at->name == member) return at;
  }
  return nullptr;
}

void JsonTree::clear() {
  nodes_.clear();
  if (nodes_.capacity() > kNodesKept) nodes_.shrink_to_fit();
  name_ = {};
  slot_ = NameTable::kNone;
}

std::size_t JsonTree::open(const JsonValue& value) {
  OUZEL_CHECK(!full());
  nodes_.push_back({.value = value, .name = name_, .name_slot = slot_});
  return nodes_.size() - 1;
}

void JsonTree::close(std::size_t place, std::size_t count) {
  nodes_[place].count = static_cast<std::uint32_t>(count);
  nodes_[place].size = static_cast<std::uint32_t>(nodes_.size() - place);
}

bool equal(const JsonNode& one, const JsonNode& other) {
  if (one.value.kind != other.value.kind || one.count != other.count) return false;
  switch (one.value.kind) {
    case Kind::null: return true;
    case Kind::boolean: return one.value.number == other.value.number;
    case Kind::number: return compare_numbers(one.value, other.value) == 0;
    case Kind::string: return one.value.text == other.value.text;
    case Kind::array:
    case Kind::object: break;
  }
  const JsonNode* left = one.first();
  const JsonNode* right = other.first();
  for (std::uint32_t i = 0; i < one.count; ++i, left = left->next(), right = right->next()) {
    const JsonNode* peer = right;
    if (one.is(Kind::object) && peer->name != left->name) peer = other.find(left->name);
    if (peer == nullptr || !equal(*left, *peer)) return false;
  }
  return true;
}

Hash128 hash_of(const JsonNode& node) {
  Hash128 inner;
  switch (node.value.kind) {
    case Kind::null: break;
    case Kind::boolean: inner.low = node.value.number != 0 ? 1 : 0; break;
    case Kind::number: inner = hash128(Decimal(node.value.token).normal()); break;
    case Kind::string: inner = hash128(node.value.text); break;
    case Kind::array:
    case Kind::object: {
      const JsonNode* at = node.first();
      for (std::uint32_t i = 0; i < node.count; ++i, at = at->next()) {
        if (node.is(Kind::array)) {
          inner = mix(Kind::array, inner, hash_of(*at));
        } else {
          add_to(inner, mix(Kind::string, hash128(at->name), hash_of(*at)));
        }
      }
    }
  }
  return mix(node.value.kind, inner, {node.count, 0});
}

const JsonNode* repeated_member(const JsonNode& object) {
  if (object.count <= kFewMembers) {
    const JsonNode* at = object.first();
    for (std::uint32_t i = 0; i < object.count; ++i, at = at->next()) {
      const JsonNode* before = object.first();
      for (std::uint32_t j = 0; j < i; ++j, before = before->next()) {
        if (same_name(*before, *at)) return at;
      }
    }
    return nullptr;
  }
  std::vector<const JsonNode*> members;
  members.reserve(object.count);
  const JsonNode* at = object.first();
  for (std::uint32_t i = 0; i < object.count; ++i, at = at->next()) members.push_back(at);
  std::sort(members.begin(), members.end(), [](const JsonNode* one, const JsonNode* other) {
    return one->name != other->name ? one->name < other->name : one < other;
  });
  const auto twin =
      std::adjacent_find(members.begin(), members.end(),
                         [](const JsonNode* a, const JsonNode* b) { return a->name == b->name; });
  return twin == members.end() ? nullptr : *(twin + 1);
}

void append_pointer(std::string& pointer, std::string_view name) {
  pointer.push_back('/');
  for (const char c : name) {
    if (c == '~') {
      pointer.append("~0");
    } else if (c == '/') {
      pointer.append("~1");
    } else {
      pointer.push_back(c);
    }
  }
}

std::string pointer_to(const JsonNode& root, const JsonNode& node) {
  std::string out;
  const JsonNode* at = &root;
  while (at != &node) {
    const JsonNode* child = at->first();
    std::size_t index = 0;
    while (&node >= child->next()) {
      child = child->next();
      ++index;
    }
    append_pointer(out, at->is(Kind::object) ? child->name : std::to_string(index));
    at = child;
  }
  return out;
}

}  // namespace ouzel
