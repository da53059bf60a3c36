#include "ouzel/pipeline/kafka_target.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace ouzel {
namespace {

constexpr std::string_view kPrefix = "OUZEL_KAFKA_";

void set(Settings& settings, const std::string& name, std::string value) {
  for (auto& [known, old] : settings) {
    if (known != name) continue;
    old = std::move(value);
    return;
  }
  settings.emplace_back(name, std::move(value));
}

}  // namespace

std::vector<KafkaVariable> kafka_variables() {
  std::vector<KafkaVariable> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (!text.starts_with(kPrefix) || equals == std::string_view::npos) continue;
    out.push_back(
        {.variable = std::string(text.substr(0, equals)),
         .setting = setting_of_variable(text.substr(kPrefix.size(), equals - kPrefix.size())),
         .value = std::string(text.substr(equals + 1))});
  }
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return a.variable < b.variable; });
  return out;
}

Result<KafkaTarget> parse_kafka_target(std::string_view text,
                                       const std::vector<std::string>& given) {
  constexpr std::string_view kScheme = "kafka:";
  std::string_view rest = text.substr(std::min(kScheme.size(), text.size()));
  while (rest.starts_with('/')) rest.remove_prefix(1);  // kafka://HOST:PORT/TOPIC
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == rest.size()) {
    return fail(ErrorCode::config, "'" + std::string(text) +
                                       "' is not kafka:HOST:PORT/TOPIC, or several "
                                       "HOST:PORT with commas between");
  }
  Settings settings;
  for (KafkaVariable& one : kafka_variables()) set(settings, one.setting, std::move(one.value));
  for (const std::string& one : given) {
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorCode::config, "--kafka takes NAME=VALUE, a setting of librdkafka");
    }
    set(settings, one.substr(0, equals), one.substr(equals + 1));
  }
  set(settings, "bootstrap.servers", std::string(rest.substr(0, slash)));
  KafkaTarget out{.topic = std::string(rest.substr(slash + 1)), .settings = {}};
  OUZEL_TRY(out.settings, kafka_settings({.settings = settings}, ""));
  return out;
}

}  // namespace ouzel
