#include "ouzel/spec/expand.h"

#include <string_view>
#include <utility>

#include "ouzel/spec/document_text.h"

namespace ouzel {
namespace {

constexpr std::size_t kContentMax = 64 * 1024;

/// What `env:NAME` or `file:PATH` stands for; nullopt and a finding if that cannot be said.
std::optional<std::string> content_of(const std::string& reference, Mark at, const Lookup& lookup,
                                      Findings& findings) {
  const bool env = reference.starts_with("env:");
  if (!env && !reference.starts_with("file:")) {
    findings.add(at, "expand", "${" + reference + "} is not understood",
                 "write ${env:NAME} or ${file:PATH}; $${ stands for ${ itself");
    return std::nullopt;
  }
  const std::string name = reference.substr(env ? 4 : 5);
  std::optional<std::string> content = env ? lookup.env(name) : lookup.file(name);
  if (!content) {
    findings.add(at, "expand",
                 env ? "the environment variable " + name + " is not set"
                     : "the file " + name + " cannot be read");
    return std::nullopt;
  }
  if (!env && content->ends_with('\n')) content->pop_back();
  if (content->size() > kContentMax) {
    findings.add(at, "expand",
                 "${" + reference + "} is too large: at most " + std::to_string(kContentMax) +
                     " bytes, got " + std::to_string(content->size()));
    return std::nullopt;
  }
  if (!valid_utf8(*content)) {
    findings.add(at, "expand", "${" + reference + "} is not valid UTF-8");
    return std::nullopt;
  }
  return content;
}

void expand_scalar(Node& node, const Lookup& lookup, Findings& findings) {
  if (node.text.find("${") == std::string::npos) return;
  std::string out;
  std::string_view rest = node.text;
  while (!rest.empty()) {
    const std::size_t at = rest.find("${");
    if (at == std::string_view::npos) break;
    if (at > 0 && rest[at - 1] == '$') {
      out.append(rest.substr(0, at - 1)).append("${");
      rest.remove_prefix(at + 2);
      continue;
    }
    const std::size_t end = rest.find('}', at);
    if (end == std::string_view::npos) {
      findings.add(node.at, "expand", "${ without its }", "$${ stands for ${ itself");
      node.unknown = true;
      return;
    }
    out.append(rest.substr(0, at));
    const std::string reference(rest.substr(at + 2, end - at - 2));
    const auto content = content_of(reference, node.at, lookup, findings);
    node.unknown = node.unknown || !content;
    out += content.value_or("");
    node.quoted = false;
    rest.remove_prefix(end + 1);
  }
  node.text = out.append(rest);
}

}  // namespace

std::string without_references(std::string text) {
  for (std::size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at + 3)) {
    text.insert(at, 1, '$');
  }
  return text;
}

void expand(Node& node, const Lookup& lookup, Findings& findings) {
  if (node.kind == Node::Kind::scalar) expand_scalar(node, lookup, findings);
  for (Node& item : node.items) expand(item, lookup, findings);
  for (NodeEntry& entry : node.entries) expand(entry.value, lookup, findings);
}

}  // namespace ouzel
