/// KafkaSender: a Sender whose receiver is a Kafka topic: each line a record, a CloudEvent in
/// structured mode or a payload, as its `content-type` says; its key is what `key` finds in it.
///
/// One thread; idempotent: what librdkafka repeats is not written twice.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ouzel/base/clock.h"
#include "ouzel/gateway/sender.h"
#include "ouzel/log/kafka/consumer.h"

namespace ouzel {

struct KafkaSenderOptions {
  std::string command;        ///< Whose stderr is told while no broker answers: its name.
  KafkaSettingList settings;  ///< Of a producer.
  std::string topic;
  /// Lives until the next call; nullopt: none, and the record goes to any partition.
  std::function<std::optional<std::string_view>(std::string_view line)> key;
  std::size_t queue_records_max = 50'000;
  /// As of SenderOptions.
  std::function<void(const EventChunk&, const std::string& reply)> answered = {};
};

/// Errors: config, unavailable (no broker answers). `clock` must outlive it.
Result<std::unique_ptr<Sender>> open_kafka_sender(KafkaSenderOptions options, const Clock& clock);

}  // namespace ouzel
