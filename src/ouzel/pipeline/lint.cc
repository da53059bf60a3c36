#include "ouzel/pipeline/lint.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ouzel/egress/sink_fields.h"
#include "ouzel/feature/feature_plan.h"
#include "ouzel/log/kafka/kafka_library.h"
#include "ouzel/log/kafka/kafka_settings.h"
#include "ouzel/model/onnx_model.h"
#include "ouzel/spec/nearest.h"
#include "ouzel/spec/quantity.h"

namespace ouzel {
namespace {

constexpr std::size_t kFeaturesMax = 4096;
constexpr double kThresholdMin = 0.001;  ///< Of scores from 0 to 1: at 0 all would be odd.

bool holds_login(std::string_view url) {
  const std::size_t host = url.find("://");
  if (host == std::string_view::npos) return false;
  const std::string_view rest = url.substr(host + 3);
  return rest.substr(0, rest.find('/')).find('@') != std::string_view::npos;
}

class Linter {
 public:
  Linter(const Pipeline& pipeline, const Node& root, Findings& findings)
      : pipeline_(pipeline), root_(root), findings_(findings) {}

  void lint() {
    for (const Field& field : pipeline_.schema.fields) lint_field(field);
    lint_features();
    lint_names("model.detector.of", pipeline_.detector.of, fields_of(false));
    lint_decide();
    if (const auto wrong = sinks_fault(pipeline_.sinks)) {
      add("sinks", "sinks." + std::to_string(wrong->sink), wrong->message, wrong->hint);
    }
    lint_limits();
    lint_kafka();
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

  /// Names of the schema's fields of a type that is (or is not) a string.
  std::vector<std::string> fields_of(bool text) const {
    std::vector<std::string> out;
    for (const Field& field : pipeline_.enriched.fields) {
      if ((field.type == FieldType::string) == text) out.push_back(field.name);
    }
    return out;
  }

  /// The fields that all functions of an entry may be asked of.
  std::vector<std::string> fields_for(const FeatureSpec& spec) const {
    std::vector<std::string> out;
    const std::vector<FeatureFunction>& take = spec.take;
    if (std::all_of(take.begin(), take.end(), takes_number)) out = fields_of(false);
    if (std::all_of(take.begin(), take.end(), takes_text)) {
      for (std::string& name : fields_of(true)) out.push_back(std::move(name));
    }
    return out;
  }

  /// A list of names out of `known`. False if one is not.
  bool lint_names(const std::string& path, const std::vector<std::string>& names,
                  const std::vector<std::string>& known) {
    bool good = true;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (std::find(known.begin(), known.end(), names[i]) != known.end()) continue;
      good = false;
      add_unknown(path + "." + std::to_string(i), names[i], known);
    }
    return good;
  }

  void add_unknown(const std::string& at, const std::string& name,
                   const std::vector<std::string>& known) {
    for (const Field& field : pipeline_.enriched.fields) {
      if (field.name != name) continue;
      if (field.type == FieldType::string) {
        return add("not_numeric", at, "'" + name + "' is a string, not a number",
                   suggest("", known));
      }
      return add("not_a_string", at, "'" + name + "' is a number, not a string",
                 suggest("", known));
    }
    add("unknown_field", at, "the schema has no field '" + name + "'", suggest(name, known));
  }

  void lint_features() {
    FeaturePlan plan;
    std::set<std::string> payload;
    for (const Field& field : pipeline_.enriched.fields) payload.insert(field.name);
    for (std::size_t i = 0; i < pipeline_.features.size(); ++i) {
      const FeatureSpec& spec = pipeline_.features[i];
      const std::string path = "features." + std::to_string(i);
      const std::vector<std::string> fields = fields_for(spec);
      if (!fields.empty() && !lint_names(path + ".of", spec.of, fields)) return;
      std::vector<std::string> columns = fields_of(false);
      columns.insert(columns.end(), plan.names.begin(), plan.names.end());
      if (!lint_names(path + ".ratio", spec.ratio, columns)) return;
      if (!lint_names(path + ".difference", spec.difference, columns)) return;
      const std::size_t before = plan.names.size();
      if (const auto added = add_features(pipeline_.enriched, spec, plan); !added) {
        return add("plan", path, added.error().message);
      }
      if (plan.names.size() > kFeaturesMax) {
        return add("too_many_features", path,
                   "too many features: at most " + std::to_string(kFeaturesMax));
      }
      for (std::size_t at = before; at < plan.names.size(); ++at) {
        if (!payload.contains(plan.names[at])) continue;
        add("duplicate_feature", path, "the feature '" + plan.names[at] + "' is a field already",
            "name the field otherwise");
      }
    }
  }

  /// Each partition has its share of the budget, in whole events.
  void lint_review_budget() {
    const ReviewBudgetSpec& budget = pipeline_.decide.review_budget;
    const Node& node = nearest_node(root_, "decide.review_budget");
    if (budget.random > 0 && budget.per_day == 0) {
      return add("budget", "decide.review_budget.random", "random is a share of per_day",
                 "give per_day");
    }
    const std::uint64_t partitions = pipeline_.limits.partitions;
    const std::uint64_t share = budget.per_day / partitions;
    const std::string lanes = std::to_string(partitions) + " partitions";
    if (budget.per_day > 0 && share == 0) {
      findings_.add(
          node.at, "budget",
          "per_day is " + std::to_string(budget.per_day) + ", less than one for each of " + lanes,
          "at least " + std::to_string(partitions));
    } else if (budget.random > 0 && static_cast<double>(share) * budget.random < 1) {
      findings_.add(node.at, "budget",
                    "the random share is less than one event a day for each of " + lanes,
                    "raise per_day or random, or leave random out");
    }
  }

  void lint_decide() {
    lint_review_budget();
    const DecideSpec& decide = pipeline_.decide;
    const bool not_loaded = !pipeline_.onnx.file.empty() && pipeline_.model == nullptr;
    const bool any_score = pipeline_.model && pipeline_.model->plan().kind == OnnxKind::score;
    if (!not_loaded && !any_score) {
      const char* why = "the scores of this model lie between 0 and 1";
      if (!(decide.threshold >= kThresholdMin && decide.threshold <= 1)) {
        add("range", "decide.threshold",
            "decide.threshold: must be 0.001 to 1, got " + format_number(decide.threshold), why);
      }
      if (!(decide.review >= 0 && decide.review <= 1)) {
        add("range", "decide.review",
            "decide.review: must be 0 to 1, got " + format_number(decide.review), why);
      }
    }
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

  void lint_kafka() {
    const KafkaSourceSpec& spec = pipeline_.kafka_source;
    if (spec.topic.empty()) return;
    if (!kafka_built_in()) {
      add("not_in_build", "source.kafka", "source.kafka: this build has no Kafka client",
          "make setup fetches it; then build again");
    }
    const auto& settings = pipeline_.kafka.settings;
    const bool addressed = std::any_of(settings.begin(), settings.end(), [](const auto& setting) {
      return setting.first == "bootstrap.servers" || setting.first == "metadata.broker.list";
    });
    if (!addressed) {
      add("missing", "kafka", "kafka.bootstrap.servers: must be given",
          "add 'kafka: {bootstrap.servers: \"HOST:9092\"}' or set OUZEL_KAFKA_BOOTSTRAP_SERVERS");
    }
    if (holds_login(spec.registry)) {
      add("value", "source.kafka.registry", "source.kafka.registry: the URL holds a login",
          "give it as registry_login, which is never printed");
    }
    lint_clients();
    std::set<std::string> topics = {spec.topic};
    for (const auto& [key, topic] : {std::pair{"outcomes", spec.outcomes},
                                     {"rejects", spec.rejects},
                                     {"journal", spec.journal},
                                     {"models", spec.models}}) {
      if (topics.insert(topic).second) continue;
      add("duplicate_topic", std::string("source.kafka.") + key,
          "source.kafka." + std::string(key) + ": '" + topic + "' is another of its topics already",
          "each needs a topic of its own");
    }
  }

  /// What a worker's clients would be refused for, and then it would score nothing.
  void lint_clients() {
    const std::string why = client_fault(pipeline_.kafka, pipeline_.kafka_source.guarantee);
    if (why.empty()) return;
    // "kafka: `linger.ms` must …"
    const std::size_t begin = std::min(why.find('`'), why.size() - 1) + 1;
    const std::string name = why.substr(begin, why.find('`', begin) - begin);
    const Node* kafka = root_.find("kafka");
    const Node* given = kafka == nullptr ? nullptr : kafka->find(name);
    findings_.add(given == nullptr ? nearest_node(root_, "kafka." + name).at : given->at, "setting",
                  why,
                  "librdkafka says so of a worker's clients; ouzel sets enable.idempotence, and "
                  "transaction.timeout.ms to session.timeout.ms, or to 10000");
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
