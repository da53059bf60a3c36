/// JsonWalker: the one place that knows the JSON parser. It walks one text at a time, in the order
/// of its bytes, and lets no byte of it pass unchecked. On-demand parsing itself checks only what
/// is read, so values that nobody asked for are walked here. For the .cc files of this folder: this
/// header shows the parser's types. One thread.
#pragma once

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/decode/decoder.h"
#include "ouzel/decode/json_tree.h"
#include "ouzel/decode/json_value.h"
#include "ouzel/decode/name_table.h"

namespace ouzel {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;
using simdjson::SUCCESS;

/// Walking recurses once a level; beyond this no schema may go, so that any stack is enough.
inline constexpr std::size_t kDepthLimit = 512;
static_assert(kDecodePadding >= simdjson::SIMDJSON_PADDING);
static_assert(NameTable::kReadAhead <= kDecodePadding);

/// Without JSON's blanks at both ends.
std::string_view trimmed_json(std::string_view text);

class JsonWalker {
 public:
  explicit JsonWalker(std::size_t depth_max) : depth_max_(std::min(depth_max, kDepthLimit)) {}

  /// The text is copied, with blanks behind it, so that a verdict can depend on nothing else.
  error_code open(std::string_view bytes);
  std::string_view text() const { return {copy_.data(), size_}; }

  /// The document if it is an object. `on_member(slot, name, value)` is called for each member; it
  /// has to read or skip the value. `name` is set only where `names` has no slot for it.
  template <class OnMember>
  error_code root_members(NameTable& names, OnMember&& on_member) {
    ondemand::object object;
    if (const auto error = document_.get_object().get(object)) return error;
    if (const auto error = members(object, names, on_member)) return error;
    return at_end() ? SUCCESS : simdjson::TRAILING_CONTENT;
  }
  template <class OnMember>
  error_code members(ondemand::object& object, NameTable& names, OnMember&& on_member);
  /// The document, whatever it is but an object.
  error_code root_value(JsonValue& out);

  /// Reads a value that stands inside `depth` brackets; of an array or object only the kind.
  error_code read(ondemand::value& value, std::size_t depth, JsonValue& out);
  /// Walks a value that nobody reads.
  error_code skip(ondemand::value& value, std::size_t depth);
  /// The same, and keeps what it walks, as far as there is room. Members' names come from `names`.
  error_code grow(ondemand::value& value, std::size_t depth, NameTable& names, JsonTree& tree);
  bool too_deep(std::size_t depth) const { return depth >= depth_max_; }

  /// `not valid JSON: what, near byte N`.
  void explain(error_code error, std::string& out) const;

 private:
  /// After the root was walked: no token is left, and none beyond the end was taken.
  bool at_end() { return document_.current_location().error() == simdjson::OUT_OF_BOUNDS; }
  error_code read_number(ondemand::value& value, JsonValue& out);
  error_code read_atom(JsonValue& out);
  error_code grow_array(ondemand::value& value, std::size_t depth, NameTable& names,
                        JsonTree& tree);
  error_code grow_object(ondemand::value& value, std::size_t depth, NameTable& names,
                         JsonTree& tree);
  error_code skip_array(ondemand::array& array, std::size_t depth);
  error_code skip_object(ondemand::object& object, std::size_t depth);

  std::size_t depth_max_;
  std::vector<char> copy_;
  std::size_t size_ = 0;
  const char* at_ = nullptr;  ///< The name or value walked last.
  ondemand::parser parser_;
  ondemand::document document_;
};

template <class OnMember>
error_code JsonWalker::members(ondemand::object& object, NameTable& names, OnMember&& on_member) {
  for (auto item : object) {
    ondemand::field field;
    if (const auto error = std::move(item).get(field)) return error;
    at_ = field.key().raw();
    std::uint32_t slot = names.guess(at_);
    std::string_view name;
    if (slot == NameTable::kNone) {
      if (const auto error = field.unescaped_key().get(name)) return error;
      slot = names.find(name);
    }
    if (const auto error = on_member(slot, name, field.value())) return error;
  }
  return SUCCESS;
}

}  // namespace ouzel
