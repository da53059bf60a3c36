/// SchemaLocations: where the schemas of a document stand and what they are called: resources
/// ($id), anchors and dynamic anchors (JSON Schema 2020-12, Core, sections 8.2 and 9). A reference
/// never leaves the document: nothing is fetched. Views into the document.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/decode/json_tree.h"
#include "ouzel/decode/schema_faults.h"

namespace ouzel {

class SchemaLocations {
 public:
  /// Finds them all, and notes what is not where a schema must be. Both must outlive this.
  void find(const JsonNode& root, SchemaFaults& faults);

  /// Whether the node is one of them.
  bool has(const JsonNode& node) const { return resource_of_.contains(&node); }

  std::uint32_t resource_of(const JsonNode& schema) const { return resource_of_.at(&schema); }
  /// Error config: it leads out of the document, or to no schema.
  Result<const JsonNode*> resolve(std::uint32_t resource, std::string_view reference) const;
  /// The dynamic anchor that a $dynamicRef names and that is where it leads; empty: none.
  std::string dynamic_anchor(std::uint32_t resource, std::string_view reference) const;
  /// All resources with this dynamic anchor, and the schema that it names there.
  std::vector<std::pair<std::uint32_t, const JsonNode*>> holders(const std::string& anchor) const;

 private:
  struct Resource {
    std::string uri;
    const JsonNode* root = nullptr;
  };
  using Anchor = std::pair<std::uint32_t, std::string>;

  void visit(const JsonNode& schema, std::uint32_t resource);
  void visit_held(const JsonNode& keyword, std::uint32_t resource);
  std::uint32_t enter(const JsonNode& id, const JsonNode& schema, std::uint32_t outer);
  void name(const JsonNode& keyword, const JsonNode& schema, std::uint32_t resource);
  std::uint32_t resource_named(std::string_view uri) const;

  const JsonNode* root_ = nullptr;
  SchemaFaults* faults_ = nullptr;
  std::vector<Resource> resources_;
  std::map<std::string, std::uint32_t, std::less<>> by_uri_;
  std::unordered_map<const JsonNode*, std::uint32_t> resource_of_;
  std::map<Anchor, const JsonNode*> anchors_;
  std::map<Anchor, const JsonNode*> dynamic_anchors_;
};

}  // namespace ouzel
