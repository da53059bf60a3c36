#include "ouzel/decode/schema_faults.h"

#include <algorithm>

namespace ouzel {

std::string SchemaFaults::text(const JsonNode& root) const {
  std::string out;
  for (const auto& [at, what] : texts_) {
    if (!out.empty()) out += '\n';
    const std::size_t begin = out.size();
    out += "#" + pointer_to(root, *at) + ": " + what;
    std::replace(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), '\n', ' ');
  }
  return out;
}

}  // namespace ouzel
