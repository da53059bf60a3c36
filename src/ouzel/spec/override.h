/// `--set path=value` and environment twins: changes of the tree before it is read.
#pragma once

#include <string>
#include <string_view>

#include "ouzel/spec/document.h"
#include "ouzel/spec/finding.h"

namespace ouzel {

/// One change. `origin` is what findings call it: "--set limits.keys", "OUZEL_LISTEN".
struct Override {
  std::string origin;
  std::string path;      ///< `decide.threshold`, `features.0.last`, `features[0].last`
  std::string value;     ///< YAML: 5, text, [a, b], {a: 1}
  bool literal = false;  ///< The value is the text itself, no YAML; nothing in it is expanded.
};

/// Sets the value at `path`; makes maps on the way, replaces what stands there. The step after the
/// last item of a list adds one; a key with dots in it is one step if it is there. Findings:
/// override (the path leads through a value), and those of parse_document for the value.
void apply(Node& root, const Override& change, Findings& findings);

/// "path=value" of the command line. False: no '=', or nothing before it.
bool parse_override(std::string_view text, Override& out);

}  // namespace ouzel
