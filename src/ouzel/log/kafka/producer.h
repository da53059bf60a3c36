/// Producer: writes records to topics, in transactions together with a group's offsets.
///
/// One thread. A producer that has failed for good is thrown away and another made; `init` of the
/// new one decides what the old one left open.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ouzel/base/error.h"
#include "ouzel/log/kafka/consumer.h"

namespace ouzel {

/// What can be done about an error of a transaction.
enum class TransactionFault : std::uint8_t {
  retry,  ///< The same call again.
  abort,  ///< `abort`, then the transaction again from its beginning.
  dead,   ///< The result is not known, or somebody else has the id: another producer.
};

struct TransactionError {
  TransactionFault fault = TransactionFault::dead;
  std::string message;
};

using TransactionResult = tl::expected<void, TransactionError>;

/// One record to write. Views are copied.
struct OutRecord {
  const std::string* topic = nullptr;  ///< Where the producer is not of one topic.
  PartitionId partition{};
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::span<const RecordHeader> headers;
};

class KafkaProducer {
 public:
  virtual ~KafkaProducer() = default;
  /// Fences all earlier producers of this id and aborts what they left open.
  virtual TransactionResult init(std::chrono::milliseconds limit) = 0;
  /// An aborted transaction over all places that it will write to, and the group, which stands at
  /// `offsets`. After `init` the broker calls an earlier transaction ended, but one that was
  /// restarted at that moment may have left its records and offsets without a marker (Kafka 4.3:
  /// "partitions are likely deleted already and hence can be skipped"). The next commit of this id
  /// would take them in.
  virtual TransactionResult sweep(std::span<const OutRecord> places,
                                  std::span<const GroupOffset> offsets, KafkaConsumer& group) = 0;
  virtual TransactionResult begin() = 0;
  /// Queues it; waits while the queue is full.
  virtual TransactionResult produce(const OutRecord& record) = 0;
  /// Without transactions: waits until all is written, then commits the offsets, if any.
  virtual TransactionResult commit(std::span<const GroupOffset> offsets, KafkaConsumer& group) = 0;
  /// Fault dead if something of the transaction may still be under way.
  virtual TransactionResult abort() = 0;
};

/// A record that its topic does not take: it is too large, or the batch that it was in.
struct TooLarge {
  std::string topic;
  std::uint64_t record_bytes = 0;  ///< Key, value and headers.
  /// The producer's batch.size; a larger record was alone in its batch. 0: it was in none.
  std::uint64_t batch_bytes = 0;
};

struct ProducerOptions {
  KafkaSettingList settings;
  std::string input_topic;        ///< Whose offsets are committed.
  std::string transactional_id;   ///< Empty: no transactions; `commit` waits, then commits offsets.
  std::uint64_t batch_bytes = 0;  ///< batch.size; 0: as the settings say.
  /// Told of each such record within a call of the producer, which fails. The producer's thread.
  std::function<void(const TooLarge&)> too_large = [](const TooLarge& /*what*/) {};
};

/// Error config: a setting, or a program that was built without Kafka.
Result<std::unique_ptr<KafkaProducer>> open_producer(const ProducerOptions& options);

}  // namespace ouzel
