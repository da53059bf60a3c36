#include "ouzel/spec/expand.h"

#include <string_view>
#include <utility>

#include "ouzel/spec/document_text.h"

namespace ouzel {
namespace {

constexpr std::size_t kContentMax = 64 * 1024;

/// What `env:NAME` or `file:PATH` stands for; a finding if that cannot be said.
std::string content_of(const std::string& reference, Mark at, const Lookup& lookup,
                       Findings& findings) {
  const bool env = reference.starts_with("env:");
  if (!env && !reference.starts_with("file:")) {
    findings.add(at, "expand", "${" + reference + "} is not understood",
                 "write ${env:NAME} or ${file:PATH}; $${ stands for ${ itself");
    return {};
  }
  const std::string name = reference.substr(env ? 4 : 5);
  std::optional<std::string> content = env ? lookup.env(name) : lookup.file(name);
  if (!content) {
    findings.add(at, "expand",
                 env ? "the environment variable " + name + " is not set"
                     : "the file " + name + " cannot be read");
    return {};
  }
  if (!env && content->ends_with('\n')) content->pop_back();
  if (content->size() > kContentMax) {
    findings.add(at, "expand",
                 "${" + reference + "} is too large: at most " + std::to_string(kContentMax) +
                     " bytes, got " + std::to_string(content->size()));
    return {};
  }
  if (!valid_utf8(*content)) {
    findings.add(at, "expand", "${" + reference + "} is not valid UTF-8");
    return {};
  }
  return std::move(*content);
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
      return;
    }
    out.append(rest.substr(0, at));
    out += content_of(std::string(rest.substr(at + 2, end - at - 2)), node.at, lookup, findings);
    node.quoted = false;
    rest.remove_prefix(end + 1);
  }
  node.text = out.append(rest);
}

}  // namespace

void expand(Node& node, const Lookup& lookup, Findings& findings) {
  if (node.kind == Node::Kind::scalar) expand_scalar(node, lookup, findings);
  for (Node& item : node.items) expand(item, lookup, findings);
  for (NodeEntry& entry : node.entries) expand(entry.value, lookup, findings);
}

}  // namespace ouzel
