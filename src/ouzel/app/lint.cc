#include "ouzel/app/lint.h"

#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ouzel/feature/feature_plan.h"
#include "ouzel/spec/nearest.h"
#include "ouzel/spec/quantity.h"

namespace ouzel {
namespace {

constexpr std::size_t kFeaturesMax = 4096;

class Linter {
 public:
  Linter(const Pipeline& pipeline, const Node& root, Findings& findings)
      : pipeline_(pipeline), root_(root), findings_(findings) {}

  void lint() {
    for (const Field& field : pipeline_.schema.fields) lint_field(field);
    lint_features();
    lint_fields_used("model.detector.of", pipeline_.detector.of);
    lint_decide();
    lint_limits();
    if (!findings_.empty()) return;
    const auto plan = make_plan(pipeline_);
    if (!plan) add("plan", "", plan.error().message);
  }

 private:
  void add(std::string rule, const std::string& path, std::string message, std::string hint = {}) {
    findings_.add(nearest_node(root_, path).at, std::move(rule), std::move(message),
                  std::move(hint));
  }

  void lint_field(const Field& field) {
    const std::string path = "schema.fields." + field.name;
    const Node& node = nearest_node(root_, path);
    if (field.type == FieldType::string) {
      refuse_keys(node, path, {"min", "max"}, "a number");
    } else {
      refuse_keys(node, path, {"length_min", "length_max", "pattern", "enum"}, "a string");
    }
    if (field.min > field.max) {
      add("bounds", path + ".min",
          path + ": min is " + format_number(field.min) + ", above max " +
              format_number(field.max));
    }
    if (field.length_min > field.length_max) {
      add("bounds", path + ".length_min",
          path + ": length_min is " + std::to_string(field.length_min) + ", above length_max " +
              std::to_string(field.length_max));
    }
  }

  void refuse_keys(const Node& node, const std::string& path, const std::vector<std::string>& keys,
                   const std::string& only_for) {
    for (const std::string& key : keys) {
      const Node* value = node.find(key);
      if (value == nullptr) continue;
      findings_.add(value->at, "not_for_type", path + ": " + key + " is for " + only_for + " only",
                    "remove it, or change the type");
    }
  }

  /// A list of numeric fields of the schema. False if one is not.
  bool lint_fields_used(const std::string& path, const std::vector<std::string>& names) {
    std::vector<std::string> numeric;
    std::set<std::string> texts;
    for (const Field& field : pipeline_.enriched.fields) {
      if (field.type == FieldType::string) {
        texts.insert(field.name);
      } else {
        numeric.push_back(field.name);
      }
    }
    bool good = true;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string at = path + "." + std::to_string(i);
      bool known = false;
      for (const std::string& name : numeric) known = known || name == names[i];
      if (known) continue;
      good = false;
      if (texts.contains(names[i])) {
        add("not_numeric", at, "'" + names[i] + "' is a string, not a number",
            suggest("", numeric));
      } else {
        add("unknown_field", at, "the schema has no field '" + names[i] + "'",
            suggest(names[i], numeric));
      }
    }
    return good;
  }

  void lint_features() {
    std::set<std::string> seen;
    for (const Field& field : pipeline_.enriched.fields) seen.insert(field.name);
    std::size_t count = 0;
    for (std::size_t i = 0; i < pipeline_.features.size(); ++i) {
      const FeatureSpec& spec = pipeline_.features[i];
      const std::string path = "features." + std::to_string(i);
      count += spec.of.size() * spec.take.size();
      if (count > kFeaturesMax) {
        return add("too_many_features", path,
                   "too many features: at most " + std::to_string(kFeaturesMax));
      }
      if (!lint_fields_used(path + ".of", spec.of)) continue;
      const auto names = feature_names(pipeline_.enriched, {spec});
      if (!names) {
        add("plan", path, names.error().message);
        continue;
      }
      for (const std::string& name : *names) {
        if (seen.insert(name).second) continue;
        add("duplicate_feature", path, "the feature '" + name + "' is there already",
            "take each function of a field over a window once");
      }
    }
  }

  void lint_decide() {
    const DecideSpec& decide = pipeline_.decide;
    if (decide.review <= decide.threshold) return;
    const bool given = nearest_node(root_, "decide").find("review") != nullptr;
    add("thresholds", given ? "decide.review" : "decide.threshold",
        "review is " + format_number(decide.review) + ", above threshold " +
            format_number(decide.threshold),
        "a score that is reviewed lies below one that alerts");
  }

  void lint_limits() {
    const LimitsSpec& limits = pipeline_.limits;
    if (pipeline_.schema.event_bytes_max > limits.request_bytes) {
      add("limits", "limits.event_bytes",
          "event_bytes is " + format_size(pipeline_.schema.event_bytes_max) +
              ", above request_bytes " + format_size(limits.request_bytes),
          "an event must fit into a request");
    }
    if (limits.keys < limits.partitions || limits.duplicates < limits.partitions) {
      add("limits", "limits",
          "keys and duplicates must be at least " + std::to_string(limits.partitions) +
              ", one for each partition");
    }
  }

  const Pipeline& pipeline_;
  const Node& root_;
  Findings& findings_;
};

}  // namespace

void lint_pipeline(const Pipeline& pipeline, const Node& root, Findings& findings) {
  Linter(pipeline, root, findings).lint();
}

}  // namespace ouzel
