#include "ouzel/log/kafka/kafka_settings.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "ouzel/log/kafka/consumer.h"
#include "ouzel/log/kafka/java_settings.h"
#include "ouzel/log/kafka/known_settings.h"
#include "ouzel/log/kafka/producer.h"
#include "ouzel/spec/nearest.h"

namespace ouzel {
namespace {

constexpr std::size_t kPortMax = 65535;

std::string quoted(std::string_view name, std::string_view value) {
  if (is_secret_setting(name)) return "the value (a secret)";
  return "'" + std::string(value.substr(0, 80)) + (value.size() > 80 ? "…'" : "'");
}

bool is_whole_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// What is wrong with one `host:port`; empty: nothing.
std::string server_fault(std::string_view server) {
  while (server.starts_with(' ')) server.remove_prefix(1);
  while (server.ends_with(' ')) server.remove_suffix(1);
  const std::string name = "'" + std::string(server) + "'";
  if (server.empty()) return "has an empty entry";
  if (server.find("://") != std::string_view::npos) return name + " is a URL, not HOST:PORT";
  const std::size_t colon = server.rfind(':');
  if (colon == std::string_view::npos || server.ends_with(']')) return {};  // Port 9092.
  const std::string_view port = server.substr(colon + 1);
  std::size_t number = 0;
  for (const char c : port) number = c < '0' || c > '9' ? kPortMax + 1 : number * 10 + (c - '0');
  const bool good = colon > 0 && !port.empty() && port.size() <= 5 && number <= kPortMax;
  return good ? "" : name + " is not HOST:PORT";
}

std::string servers_fault(std::string_view list) {
  while (true) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string wrong = server_fault(list.substr(0, comma));
    if (!wrong.empty() || comma == list.size()) return wrong;
    list.remove_prefix(comma + 1);
  }
}

/// All names that can be meant.
std::vector<std::string> all_names() {
  std::vector<std::string> out;
  for (const KnownSetting& one : known_settings()) out.push_back(one.name);
  return out;
}

bool names_file(std::string_view name) {
  return name.ends_with(".location") || name.ends_with(".file") || name.ends_with(".keytab");
}

/// Takes settings one by one, then looks at them together.
class SettingsWalk {
 public:
  SettingsWalk(const Settings& given, std::string_view directory)
      : given_(given), directory_(directory) {}

  void walk() {
    for (const auto& [name, value] : given_) take(name, value);
    if (faults_.empty()) check_security();
    if (faults_.empty()) check_group();
    bound_transactions();
  }
  std::vector<SettingFault> faults_;
  KafkaSettings out_;

 private:
  /// A setting of librdkafka and the one of the file that it came from.
  struct Taken {
    std::string main_name;  ///< Of aliases the one that they stand for.
    std::string given;
    std::string value;
  };

  void fault(const std::string& name, std::string rule, std::string message,
             std::string hint = {}) {
    faults_.push_back({name, std::move(rule), std::move(message), std::move(hint)});
  }

  void take(const std::string& name, const std::string& value) {
    const auto translated = translate_setting(name, value, given_);
    if (!translated) return take_known(name, name, value);
    if (!translated->fault.empty()) {
      return fault(name, "setting", translated->fault, translated->hint);
    }
    for (const auto& [to, text] : translated->settings) take_known(name, to, text);
  }

  void take_known(const std::string& given, const std::string& name, const std::string& value) {
    const KnownSetting* known = find_setting(name);
    if (known == nullptr) {
      return fault(given, "unknown_key", "librdkafka has no such setting", suggest_near(name));
    }
    const std::string wrong = value_fault(*known, value);
    if (!wrong.empty()) return fault(given, "value", wrong);
    const std::string& main_name = known->alias_of.empty() ? known->name : known->alias_of;
    for (const Taken& one : taken_) {
      if (one.main_name != main_name) continue;
      return fault(given, "duplicate_key", "says the same as " + one.given + ", which stands here",
                   "remove one");
    }
    taken_.push_back({main_name, given, value});
    const std::string text = names_file(name) ? located(value) : value;
    if (known->consumer) out_.consumer.emplace_back(name, text);
    if (known->producer) out_.producer.emplace_back(name, text);
  }

  /// Of 170 names none helps but a near one.
  static std::string suggest_near(const std::string& name) {
    const std::vector<std::string> names = all_names();
    if (!nearest(name, names).empty()) return suggest(name, names);
    return "its CONFIGURATION.md lists them; Java's names that have another are translated";
  }

  static std::string value_fault(const KnownSetting& known, const std::string& value) {
    if (known.name == "bootstrap.servers" || known.name == "metadata.broker.list") {
      if (std::string wrong = servers_fault(value); !wrong.empty()) return wrong;
    }
    // The library takes 5 out of "5s".
    const bool digits = !value.empty() && (value[0] == '-' || (value[0] >= '0' && value[0] <= '9'));
    if (known.integer && digits && !is_whole_number(value)) {
      return "must be a whole number, without a unit, got " + quoted(known.name, value);
    }
    const std::string why = library_fault(known.name, value);
    if (why.empty()) return {};
    if (is_secret_setting(known.name)) return "librdkafka refuses the value (a secret)";
    if (!known.range.empty())
      return "must be " + known.range + ", got " + quoted(known.name, value);
    return "librdkafka refuses " + quoted(known.name, value) + ": " + why;
  }

  /// As everywhere in a pipeline file, a relative path begins where that stands.
  std::string located(const std::string& path) const {
    const bool word = path == "probe" || path.empty();
    return word || path.starts_with('/') ? path : std::string(directory_) + path;
  }

  const Taken* taken(std::string_view main_name) const {
    for (const Taken& one : taken_) {
      if (one.main_name == main_name) return &one;
    }
    return nullptr;
  }

  /// The group protocol of Kafka 4 is the brokers' business.
  void check_group() {
    const Taken* protocol = taken("group.protocol");
    if (protocol == nullptr || protocol->value != "consumer") return;
    constexpr std::array<std::pair<const char*, const char*>, 3> kTheirs{
        {{"session.timeout.ms", "group.consumer.session.timeout.ms of the brokers"},
         {"heartbeat.interval.ms", "group.consumer.heartbeat.interval.ms of the brokers"},
         {"partition.assignment.strategy", "group.remote.assignor"}}};
    for (const auto& [name, theirs] : kTheirs) {
      if (const Taken* one = taken(name)) {
        fault(one->given, "setting", "has no effect: group.protocol is consumer", theirs);
      }
    }
  }

  /// A transaction that a dead worker left open is over when the group knows that it is dead. What
  /// the file says of it goes before.
  void bound_transactions() {
    const Taken* session = taken("session.timeout.ms");
    if (session == nullptr) return;
    constexpr int kLeastMs = 1000;  // That librdkafka takes.
    const int ms = std::max(kLeastMs, std::atoi(session->value.c_str()));
    out_.producer.insert(out_.producer.begin(), {"transaction.timeout.ms", std::to_string(ms)});
  }

  void check_security() {
    const Taken* protocol = taken("security.protocol");
    const std::string spoken = lower_case(protocol != nullptr ? protocol->value : "plaintext");
    const bool sasl = spoken.starts_with("sasl");
    check_unused(spoken, sasl);
    if (sasl && protocol != nullptr) check_login(*protocol);
  }

  /// Settings that protect nothing because the protocol is another.
  void check_unused(const std::string& spoken, bool sasl) {
    for (const Taken& one : taken_) {
      const bool of_sasl = one.main_name.starts_with("sasl.");
      const bool of_tls = one.main_name.starts_with("ssl.");
      if (of_sasl && !sasl) {
        fault(one.given, "security", "has no effect: security.protocol is " + spoken,
              "security.protocol: sasl_ssl");
      } else if (of_tls && !spoken.ends_with("ssl")) {
        fault(one.given, "security", "has no effect: security.protocol is " + spoken,
              sasl ? "security.protocol: sasl_ssl" : "security.protocol: ssl");
      }
    }
  }

  void check_login(const Taken& protocol) {
    const Taken* mechanism = taken("sasl.mechanisms");
    const std::string known = "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER";
    if (mechanism == nullptr) {
      return fault(protocol.given, "security", "needs sasl.mechanism too", "one of " + known);
    }
    const std::string& name = mechanism->value;
    if (name == "OAUTHBEARER") return check_token(*mechanism);
    if (name != "PLAIN" && name != "SCRAM-SHA-256" && name != "SCRAM-SHA-512") {
      return fault(mechanism->given, "value", "'" + name + "' is not in this build",
                   "one of " + known);
    }
    for (const char* needed : {"sasl.username", "sasl.password"}) {
      if (taken(needed) != nullptr) continue;
      fault(mechanism->given, "security", name + " needs " + needed + " too",
            "from a file or the environment: ${file:PATH}, ${env:NAME}");
    }
  }

  void check_token(const Taken& mechanism) {
    const Taken* method = taken("sasl.oauthbearer.method");
    const Taken* endpoint = taken("sasl.oauthbearer.token.endpoint.url");
    const bool oidc = method != nullptr && method->value == "oidc";
    if (method == nullptr && endpoint != nullptr) {  // As Java takes it.
      out_.consumer.emplace_back("sasl.oauthbearer.method", "oidc");
      out_.producer.emplace_back("sasl.oauthbearer.method", "oidc");
    } else if (oidc && endpoint == nullptr &&
               taken("sasl.oauthbearer.metadata.authentication.type") == nullptr) {
      fault(method->given, "security", "oidc needs sasl.oauthbearer.token.endpoint.url too");
    } else if (!oidc && taken("enable.sasl.oauthbearer.unsecure.jwt") == nullptr) {
      fault(mechanism.given, "security", "OAUTHBEARER needs to know where tokens come from",
            "sasl.oauthbearer.token.endpoint.url with client.id and client.secret beside it");
    }
  }

  const Settings& given_;
  const std::string_view directory_;
  std::vector<Taken> taken_;
};

}  // namespace

std::chrono::milliseconds transaction_timeout(const Settings& settings) {
  long ms = 10'000;
  for (const auto& [name, value] : settings) {
    if (name == "transaction.timeout.ms") ms = std::strtol(value.c_str(), nullptr, 10);
  }
  return std::chrono::milliseconds(ms);
}

bool is_secret_setting(std::string_view name) {
  // librdkafka's own list of what it hides grows with each version: go by the words.
  for (const std::string_view word :
       {"password", "passphrase", "secret", "jaas", "key.pem", "ssl_key", "keystore.key",
        "oauthbearer.config", "user.info", "token"}) {
    if (name.find(word) != std::string_view::npos) return !name.ends_with(".url");
  }
  return false;
}

std::string setting_of_variable(std::string_view variable) {
  std::string with_dots = lower_case(variable);
  std::replace(with_dots.begin(), with_dots.end(), '_', '.');
  for (const KnownSetting& one : known_settings()) {
    std::string name = one.name;
    std::replace(name.begin(), name.end(), '_', '.');
    if (name == with_dots) return one.name;
  }
  return with_dots;  // One of Java's, or refused as unknown.
}

std::vector<SettingFault> kafka_setting_faults(const Settings& settings) {
  if (known_settings().empty()) return {};
  SettingsWalk walk(settings, "");
  walk.walk();
  return std::move(walk.faults_);
}

Result<KafkaSettings> kafka_settings(const KafkaSpec& spec, std::string_view directory) {
  if (known_settings().empty()) {
    return fail(ErrorCode::config, "kafka: this build has no Kafka client; make setup fetches it");
  }
  SettingsWalk walk(spec.settings, directory);
  walk.walk();
  if (walk.faults_.empty()) return std::move(walk.out_);
  const SettingFault& wrong = walk.faults_.front();
  const std::string hint = wrong.hint.empty() ? "" : " (" + wrong.hint + ")";
  return fail(ErrorCode::config, "kafka." + wrong.name + ": " + wrong.message + hint);
}

std::string client_fault(const KafkaSpec& spec, Guarantee guarantee) {
  auto settings = kafka_settings(spec, "");
  if (!settings) return {};  // Said of each setting.
  for (Settings* list : {&settings->consumer, &settings->producer}) {
    std::erase_if(*list, [](const auto& setting) {
      const std::string& name = setting.first;  // Files are read for TLS only.
      return name == "bootstrap.servers" || name == "metadata.broker.list" ||
             name == "security.protocol";
    });
  }
  NoListener nobody;
  const bool exactly = guarantee == Guarantee::exactly_once;
  const auto consumer =
      open_consumer({.settings = settings->consumer, .topic = "t", .group = "g"}, nobody);
  if (!consumer) return consumer.error().message;
  const auto producer = open_producer(
      {.settings = settings->producer, .input_topic = "t", .transactional_id = exactly ? "i" : ""});
  return producer ? "" : producer.error().message;
}

}  // namespace ouzel
