/// SchemaFaults: what is wrong with a schema: each place once, in the order of the document.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "ouzel/decode/json_tree.h"

namespace ouzel {

/// Then no more is looked for: the first ones explain the rest.
inline constexpr std::size_t kSchemaFaultsMax = 50;

class SchemaFaults {
 public:
  void add(const JsonNode& at, std::string_view what) {
    if (!full()) texts_.emplace(&at, what);
  }
  /// The last one: what follows from it is of no interest.
  void add_last(const JsonNode& at, std::string_view what) {
    add(at, what);
    stopped_ = true;
  }
  bool empty() const { return texts_.empty(); }
  bool full() const { return stopped_ || texts_.size() >= kSchemaFaultsMax; }
  /// `#/pointer: what`, one a line.
  std::string text(const JsonNode& root) const;

 private:
  // The nodes of a document stand in its order.
  std::map<const JsonNode*, std::string, std::less<>> texts_;
  bool stopped_ = false;
};

}  // namespace ouzel
