#include "ouzel/spec/override.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "ouzel/spec/document_text.h"
#include "ouzel/spec/expand.h"

namespace ouzel {
namespace {

/// The value of a key that is all that is left of a path, dots included: a setting's name.
Node* entry_with_dots(Node& node, std::string_view path) {
  if (node.kind != Node::Kind::map || path.find('.') == std::string_view::npos) return nullptr;
  for (NodeEntry& entry : node.entries) {
    if (entry.key == path) return &entry.value;
  }
  return nullptr;
}

/// The child of `node` for one step of a path, made if it can be; nullptr if the path ends here.
Node* step_into(Node& node, const std::string& step, Mark at) {
  if (node.kind == Node::Kind::null) node.kind = Node::Kind::map;
  if (node.kind == Node::Kind::map) {
    for (NodeEntry& entry : node.entries) {
      if (entry.key == step) return &entry.value;
    }
    node.entries.push_back({step, at, Node{}});
    return &node.entries.back().value;
  }
  if (node.kind != Node::Kind::sequence) return nullptr;
  std::size_t index = 0;
  const char* end = step.data() + step.size();
  const auto read = std::from_chars(step.data(), end, index);
  if (read.ec != std::errc() || read.ptr != end || index > node.items.size()) return nullptr;
  if (index == node.items.size()) node.items.emplace_back();
  return &node.items[index];
}

/// `features[0].last`, as findings write it, as `features.0.last`.
std::string with_dots(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const std::size_t end = path.find(']', i);
    const std::string_view index = path.substr(i + 1, end == path.npos ? 0 : end - i - 1);
    const bool item = path[i] == '[' && i > 0 && end != path.npos && !index.empty() &&
                      index.find_first_not_of("0123456789") == index.npos;
    out += item ? "." + std::string(index) : std::string(1, path[i]);
    if (item) i = end;
  }
  return out;
}

}  // namespace

void apply(Node& root, const Override& change, Findings& findings) {
  const Mark at{0, 0, findings.add_source(change.origin)};
  Node value = make_scalar(change.literal ? without_references(change.value) : "", at);
  if (change.literal && !valid_utf8(change.value)) {
    return findings.add(at, "utf8", "the value is not valid UTF-8");
  }
  if (!change.literal && !change.value.empty()) {
    std::optional<Node> parsed = parse_document(change.value, at.source, findings);
    if (!parsed) return;
    value = std::move(*parsed);
  }
  Node* node = &root;
  const std::string dotted = with_dots(change.path);
  std::string_view path = dotted;
  while (!path.empty()) {
    if (Node* whole = entry_with_dots(*node, path)) {
      node = whole;
      break;
    }
    const std::size_t dot = std::min(path.find('.'), path.size());
    const std::string step(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
    node = step_into(*node, step, at);
    if (node == nullptr) {
      findings.add(at, "override", "the path '" + change.path + "' cannot go to '" + step + "'",
                   "a path is keys and item numbers with dots: features.0.last");
      return;
    }
  }
  *node = std::move(value);
}

bool parse_override(std::string_view text, Override& out) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return false;
  out.path = std::string(text.substr(0, equals));
  out.value = std::string(text.substr(equals + 1));
  out.origin = "--set " + out.path;  // Not the value: it may be a secret.
  return true;
}

}  // namespace ouzel
