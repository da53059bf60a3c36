/// JsonDocument: a JSON text of a file, kept as a tree. Owns its bytes, which the tree views.
#pragma once

#include <memory>
#include <string_view>

#include "ouzel/base/error.h"
#include "ouzel/decode/json_tree.h"

namespace ouzel {

class JsonDocument {
 public:
  JsonDocument();
  ~JsonDocument();
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  /// Any value. Names that `names` has get their slots. Error config: not JSON, nested deeper than
  /// `depth_max`, or of kTreeNodesMax values; the tree cannot be used then.
  Result<void> parse(std::string_view text, std::size_t depth_max, NameTable& names);
  const JsonNode& root() const;
  const JsonTree& tree() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ouzel
