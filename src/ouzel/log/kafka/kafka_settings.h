/// KafkaSettings: `kafka` of a pipeline file as librdkafka takes it.
///
/// Values. Names and values are checked by librdkafka itself; spellings of Java's client are
/// translated, or refused with the way to convert; what ouzel sets itself is refused with the
/// reason, unless it is set to the same.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/log/kafka/kafka_spec.h"
#include "ouzel/spec/table.h"

namespace ouzel {

struct KafkaSettings {
  Settings consumer;  ///< In the order of the file; only what a consumer takes.
  Settings producer;  ///< Likewise.
};

/// What is wrong with settings, one by one and together. Nothing in a build without librdkafka,
/// which refuses them all.
std::vector<SettingFault> kafka_setting_faults(const Settings& settings);

/// Files are looked for below `directory` (with its last slash; empty: the current one). Error
/// config: the first fault.
Result<KafkaSettings> kafka_settings(const KafkaSpec& spec, std::string_view directory);

/// Why a worker's clients would not take settings that are good one by one: some only go with
/// others, and with those that ouzel sets. Librdkafka is asked, by clients that know no broker and
/// read no file. Empty: nothing; also in a build without it.
std::string client_fault(const KafkaSpec& spec, Guarantee guarantee);

/// How long a transaction may last: transaction.timeout.ms, ten seconds where it is not set.
std::chrono::milliseconds transaction_timeout(const Settings& settings);

/// Whether the value must never be printed.
bool is_secret_setting(std::string_view name);

/// The setting whose environment twin is OUZEL_KAFKA_ and this: `SASL_USERNAME`, `LOG_LEVEL`.
std::string setting_of_variable(std::string_view variable);

}  // namespace ouzel
