/// `${env:NAME}` and `${file:PATH}` in scalars, after the grammar was read: a variable's content
/// can never become structure. `$${` stands for `${` itself.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ouzel/spec/document.h"
#include "ouzel/spec/finding.h"

namespace ouzel {

/// Where the contents come from; nullopt: unset, or not readable.
struct Lookup {
  std::function<std::optional<std::string>(const std::string& name)> env;
  std::function<std::optional<std::string>(const std::string& path)> file;
};

/// Expands every scalar of the tree (not keys). A scalar that was expanded counts as not quoted.
/// One newline at a file's end is left out. Findings: expand; the scalar is `unknown` then, and a
/// reader has nothing to say about it.
void expand(Node& node, const Lookup& lookup, Findings& findings);

/// The text that expand() turns into `text`.
std::string without_references(std::string text);

}  // namespace ouzel
