/// KafkaAdmin: what is at a Kafka: topics, offsets, groups, and what this user may do there.
///
/// One thread. Every call waits at most `limit`. Errors: config (only other settings or access
/// rules help; also a program that was built without Kafka), unavailable (no broker answers). The
/// message says which broker, what is wrong and what to do.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/log/kafka/consumer.h"

namespace ouzel {

/// What a user may do with a topic or a group. All true where the brokers do not say.
struct KafkaRights {
  bool read = true;
  bool write = true;  ///< Of a topic.
};

struct KafkaTopic {
  std::string name;
  std::uint32_t partitions = 0;   ///< 0: there is no such topic.
  std::uint32_t replication = 0;  ///< Copies of each record.
  KafkaRights rights;
};

struct KafkaTopicWish {
  std::string name;
  std::uint32_t partitions = 1;
  std::optional<std::uint16_t> replication;  ///< Absent: what the brokers do by default.
  KafkaSettingList settings;                 ///< Of the topic: retention.ms, ….
};

struct KafkaCluster {
  std::string id;
  std::uint32_t brokers = 0;
};

class KafkaAdmin {
 public:
  static Result<std::unique_ptr<KafkaAdmin>> open(const KafkaSettingList& settings,
                                                  std::chrono::milliseconds limit);
  virtual ~KafkaAdmin() = default;
  virtual Result<KafkaCluster> cluster() = 0;
  /// In step with the names. A topic that this user may not see counts as not there.
  virtual Result<std::vector<KafkaTopic>> topics(std::span<const std::string> names) = 0;
  /// In step with the wishes: absent if it was made now; else why not. A topic that is there
  /// already is left as it is, and its reason says so.
  virtual Result<std::vector<std::optional<Error>>> create(
      std::span<const KafkaTopicWish> wishes) = 0;
  /// In the order of the partitions.
  virtual Result<std::vector<Watermarks>> watermarks(const std::string& topic,
                                                     std::uint32_t partitions) = 0;
  /// Where a group stands in each partition, beside transactions that are not decided yet.
  virtual Result<std::vector<GroupOffset>> committed(const std::string& group,
                                                     const std::string& topic,
                                                     std::uint32_t partitions) = 0;
  /// Puts a group that has no members there.
  virtual Result<void> commit(const std::string& group, const std::string& topic,
                              std::span<const GroupOffset> offsets) = 0;
  virtual Result<KafkaRights> group_rights(const std::string& group) = 0;
};

}  // namespace ouzel
