#include "ouzel/pipeline/pipeline_change.h"

#include <map>
#include <set>

namespace ouzel {
namespace {

constexpr const char* kOther = "it is fixed for this data directory";
constexpr const char* kRestart = "restart it";

class Changes {
 public:
  void check(bool same, const std::string& key, const char* how) {
    if (!same) out.push_back(key + ": cannot change while the engine runs: " + how);
  }
  std::vector<std::string> out;
};

/// A worker's place in its group, its transactions and the topics are made once, at its start. What
/// the file does not name there follows the pipeline's name, of which nothing is to be said where
/// Kafka is no source.
void check_source(const KafkaSourceSpec& now, const KafkaSourceSpec& next, Changes& changes) {
  const auto check = [&](auto KafkaSourceSpec::*member, const char* key) {
    changes.check(now.*member == next.*member, std::string("source.kafka.") + key, kRestart);
  };
  check(&KafkaSourceSpec::topic, "topic");
  check(&KafkaSourceSpec::group, "group");
  check(&KafkaSourceSpec::from, "from");
  check(&KafkaSourceSpec::format, "format");
  check(&KafkaSourceSpec::registry, "registry");
  check(&KafkaSourceSpec::registry_login, "registry_login");
  check(&KafkaSourceSpec::registry_ca_file, "registry_ca_file");
  check(&KafkaSourceSpec::guarantee, "guarantee");
  check(&KafkaSourceSpec::transaction, "transaction");
  check(&KafkaSourceSpec::outcomes, "outcomes");
  check(&KafkaSourceSpec::rejects, "rejects");
  check(&KafkaSourceSpec::journal, "journal");
  check(&KafkaSourceSpec::models, "models");
  check(&KafkaSourceSpec::connect_headers, "connect_headers");
  check(&KafkaSourceSpec::snapshots, "snapshots");
}

void check_settings(const KafkaSpec& now, const KafkaSpec& next, Changes& changes) {
  std::set<std::string> names;
  for (const KafkaSpec* spec : {&now, &next}) {
    for (const auto& [name, value] : spec->settings) names.insert(name);
  }
  const std::map<std::string, std::string> old(now.settings.begin(), now.settings.end());
  const std::map<std::string, std::string> wanted(next.settings.begin(), next.settings.end());
  for (const std::string& name : names) {
    const auto was = old.find(name);
    const auto is = wanted.find(name);
    const bool same = was != old.end() && is != wanted.end() && was->second == is->second;
    changes.check(same, "kafka." + name, kRestart);
  }
}

}  // namespace

std::vector<std::string> fixed_changes(const Pipeline& now, const Pipeline& next) {
  Changes changes;
  changes.check(now.limits.partitions == next.limits.partitions, "limits.partitions", kOther);
  changes.check(
      now.schema.key.kind == next.schema.key.kind && now.schema.key.name == next.schema.key.name,
      "schema.key", kOther);
  changes.check(now.serve.listen == next.serve.listen, "serve.listen", kRestart);
  changes.check(now.limits.connections == next.limits.connections, "limits.connections", kRestart);
  changes.check(now.limits.request_bytes == next.limits.request_bytes, "limits.request_bytes",
                kRestart);
  if (!now.kafka_source.topic.empty() || !next.kafka_source.topic.empty()) {
    check_source(now.kafka_source, next.kafka_source, changes);
  }
  check_settings(now.kafka, next.kafka, changes);
  return std::move(changes.out);
}

bool same_operation(const Pipeline& now, const Pipeline& next) {
  // Sinks and dead letters carry the name.
  return now.name == next.name && now.sinks == next.sinks && now.limits == next.limits &&
         now.serve == next.serve;
}

bool same_file(const LoadedPipeline& one, const LoadedPipeline& other) {
  const Pipeline& a = one.pipeline;
  const Pipeline& b = other.pipeline;
  // The text's secrets are masked.
  return one.effective == other.effective && a.canonical == b.canonical && a.sinks == b.sinks &&
         a.kafka == b.kafka && a.kafka_source.registry_login == b.kafka_source.registry_login;
}

}  // namespace ouzel
