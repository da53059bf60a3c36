/// `--set path=value` and environment twins: changes of the tree before it is read.
#pragma once

#include <string>
#include <string_view>

#include "ouzel/spec/document.h"
#include "ouzel/spec/finding.h"

namespace ouzel {

/// One change. `origin` is what findings call it: "--set limits.keys=5", "OUZEL_LISTEN".
struct Override {
  std::string origin;
  std::string path;   ///< `decide.threshold`, `features.0.last`, `features[0].last`
  std::string value;  ///< YAML: 5, text, [a, b], {a: 1}
};

/// Sets the value at `path`; makes maps on the way, replaces what stands there. The step after the
/// last item of a list adds one. Findings: override (the path leads through a value), and those of
/// parse_document for the value.
void apply(Node& root, const Override& change, Findings& findings);

/// "path=value" of the command line. False: no '=', or nothing before it.
bool parse_override(std::string_view text, Override& out);

}  // namespace ouzel
