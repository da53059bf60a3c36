#include "ouzel/lane/plan.h"

#include <algorithm>

namespace ouzel {

std::string file_line(const PlanFile& file) {
  return "# " + file.key + " " + to_string(file.hash) + "\n";
}

std::vector<PlanFile> named_files(std::string_view text) {
  std::vector<PlanFile> out;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with("# ")) continue;
    line.remove_prefix(2);
    const std::size_t space = line.find(' ');
    if (space == line.npos) continue;
    const auto hash = parse_hash(line.substr(space + 1));
    if (hash) out.push_back({.key = std::string(line.substr(0, space)), .path = {}, .hash = *hash});
  }
  return out;
}

InForce in_force_of(const Plan& plan) {
  InForce out{.pipeline = plan.pipeline,
              .model_name = plan.model_name,
              .model_version = plan.model_version,
              .threshold = plan.threshold,
              .plan = plan.hash};
  if (plan.include_features) out.feature_names = plan.feature_names;
  return out;
}

}  // namespace ouzel
