#include "ouzel/decode/json_document.h"

#include <string>

#include "ouzel/decode/json_walker.h"

namespace ouzel {

struct JsonDocument::Impl {
  std::unique_ptr<JsonWalker> walker;
  JsonTree tree;
};

JsonDocument::JsonDocument() : impl_(std::make_unique<Impl>()) {}
JsonDocument::~JsonDocument() = default;

Result<void> JsonDocument::parse(std::string_view text, std::size_t depth_max, NameTable& names) {
  // The walker has one way to keep a value: as a member. So the text becomes one.
  std::string wrapped = "{\"\":";
  wrapped.append(text).append("}");
  impl_->walker = std::make_unique<JsonWalker>(depth_max + 1);
  JsonWalker& walker = *impl_->walker;
  JsonTree& tree = impl_->tree;
  tree.clear();
  error_code error = walker.open(wrapped);
  std::size_t values = 0;
  if (error == SUCCESS) {
    error = walker.root_members(names, [&](std::uint32_t, std::string_view, ondemand::value value) {
      tree.named({}, NameTable::kNone);
      ++values;
      return walker.grow(value, 1, names, tree);
    });
  }
  if (error == SUCCESS && values != 1) error = simdjson::TRAILING_CONTENT;
  if (error != SUCCESS) {
    std::string why;
    walker.explain(error, why);
    return fail(ErrorCode::config, std::move(why));
  }
  if (tree.full()) {
    return fail(ErrorCode::config,
                std::to_string(kTreeNodesMax) + " values or more in one JSON text");
  }
  return {};
}

const JsonNode& JsonDocument::root() const { return impl_->tree.root(); }
const JsonTree& JsonDocument::tree() const { return impl_->tree; }

}  // namespace ouzel
