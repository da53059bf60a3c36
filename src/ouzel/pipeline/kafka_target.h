/// Where a command writes to or reads from Kafka, as its flags say: `kafka:HOST:PORT/TOPIC`, and
/// settings by `--kafka NAME=VALUE` or the environment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/log/kafka/kafka_settings.h"

namespace ouzel {

/// A setting that the environment gives: OUZEL_KAFKA_SASL_USERNAME.
struct KafkaVariable {
  std::string variable, setting, value;
};
/// All of them, by name.
std::vector<KafkaVariable> kafka_variables();

struct KafkaTarget {
  std::string topic;
  KafkaSettings settings;
};

inline bool is_kafka_target(std::string_view text) { return text.starts_with("kafka:"); }

/// `given`: NAME=VALUE each; a flag goes before the environment, the address in `text` before both.
/// Errors: config.
Result<KafkaTarget> parse_kafka_target(std::string_view text,
                                       const std::vector<std::string>& given);

}  // namespace ouzel
