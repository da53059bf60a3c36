/// Consumer: a member of a consumer group that reads one topic, and what the group knows.
///
/// `poll`, `seek` and `close` belong to one thread; the listener is called within them. The rest is
/// thread-safe. Nothing is committed here: offsets are the transaction's (transaction_log.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/log/kafka/group.h"
#include "ouzel/log/record.h"

struct rd_kafka_message_s;
struct rd_kafka_consumer_group_metadata_s;

namespace ouzel {

/// Names and values of librdkafka, in order.
using KafkaSettingList = std::vector<std::pair<std::string, std::string>>;

/// A message with the memory that its record looks into.
class KafkaMessage {
 public:
  using Owner = std::unique_ptr<rd_kafka_message_s, void (*)(rd_kafka_message_s*)>;
  KafkaMessage(Owner owner, Record record, std::vector<RecordHeader> headers)
      : owner_(std::move(owner)), headers_(std::move(headers)), record_(record) {
    record_.headers = headers_;
  }
  KafkaMessage(KafkaMessage&& other) noexcept
      : owner_(std::move(other.owner_)),
        headers_(std::move(other.headers_)),
        record_(other.record_) {
    record_.headers = headers_;
  }
  KafkaMessage& operator=(KafkaMessage&& other) noexcept {
    owner_ = std::move(other.owner_);
    headers_ = std::move(other.headers_);
    record_ = other.record_;
    record_.headers = headers_;
    return *this;
  }
  const Record& record() const { return record_; }

 private:
  Owner owner_;
  std::vector<RecordHeader> headers_;
  Record record_;
};

/// Who the group is, for a commit.
using GroupMetadata = std::unique_ptr<rd_kafka_consumer_group_metadata_s,
                                      void (*)(rd_kafka_consumer_group_metadata_s*)>;

class GroupListener {
 public:
  virtual ~GroupListener() = default;
  /// Partitions come; the offsets to read from, in step. Where one is missing, it is read from
  /// where the group stands.
  virtual std::vector<Offset> assigned(std::span<const PartitionId> partitions) = 0;
  /// They go, once this returns. `lost`: others may have them already; nothing can be committed.
  virtual void revoked(std::span<const PartitionId> partitions, bool lost) = 0;
  /// The offset asked for is not there (any more): where to go on; nullopt: nowhere for now.
  virtual std::optional<Offset> out_of_range(PartitionId partition) = 0;
  /// With ConsumerOptions::ends: for now there is nothing from this offset on.
  virtual void at_end(PartitionId /*partition*/, Offset /*next*/) {}
};

/// Of a consumer that only asks.
class NoListener final : public GroupListener {
 public:
  std::vector<Offset> assigned(std::span<const PartitionId> /*partitions*/) override { return {}; }
  void revoked(std::span<const PartitionId> /*partitions*/, bool /*lost*/) override {}
  std::optional<Offset> out_of_range(PartitionId /*partition*/) override { return {}; }
};

struct Watermarks {
  Offset low{};   ///< The oldest that is there.
  Offset high{};  ///< Behind the newest.
};

class KafkaConsumer {
 public:
  virtual ~KafkaConsumer() = default;
  /// Appends what has come, at most `max`; waits for the first up to `limit`.
  virtual void poll(std::chrono::milliseconds limit, std::size_t max,
                    std::vector<KafkaMessage>& out) = 0;
  /// All partitions it has: no more, or again.
  virtual void pause(bool paused) = 0;
  /// Reads this partition from there on.
  virtual Result<void> seek(PartitionId partition, Offset offset) = 0;
  /// Leaves the group; the listener is told.
  virtual void close() = 0;

  /// Where the group stands. Error retry: a transaction of these partitions is not decided yet.
  virtual Result<std::vector<GroupOffset>> committed(std::span<const PartitionId> partitions,
                                                     std::chrono::milliseconds limit) = 0;
  /// Commits outside a transaction. Durable when it returns. Error retry: maybe not done; no answer
  /// came for some seconds.
  virtual Result<void> commit(std::span<const GroupOffset> offsets) = 0;
  virtual Result<Watermarks> watermarks(PartitionId partition, std::chrono::milliseconds limit) = 0;
  /// Behind the newest record of another topic's first partition.
  virtual Result<Offset> end_of(const std::string& topic, std::chrono::milliseconds limit) = 0;
  /// Behind the newest record of a partition it reads, as the last fetch said; asks nobody.
  virtual std::optional<Offset> end_seen(PartitionId partition) const = 0;
  /// How many partitions a topic has; 0: there is no such topic.
  virtual Result<std::uint32_t> partitions_of(const std::string& topic,
                                              std::chrono::milliseconds limit) = 0;
  /// What tells the topic it reads from another of that name, made when it was gone. Empty: the
  /// brokers do not say.
  virtual Result<std::string> topic_id(std::chrono::milliseconds limit) = 0;
  virtual GroupMetadata group_metadata() = 0;
  /// What is wrong with the brokers; empty: nothing that is known.
  virtual std::string trouble() const = 0;
};

struct ConsumerOptions {
  KafkaSettingList settings;  ///< Connection and group; what must not be set otherwise is added.
  std::string topic;
  std::string group;
  bool ends = false;  ///< The listener is told of them.
};

/// Joins the group at the first poll. `listener` must outlive it. Error config: a setting, or a
/// program that was built without Kafka.
Result<std::unique_ptr<KafkaConsumer>> open_consumer(const ConsumerOptions& options,
                                                     GroupListener& listener);

}  // namespace ouzel
