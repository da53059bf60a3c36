/// TopicReader: records of a topic, of all its partitions or of one, without a group: for those who
/// look. Reads what is committed only.
///
/// One thread. Errors: config (only other settings or rights help, no such topic or offset; also a
/// program that was built without Kafka), unavailable (no broker answers).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/base/types.h"
#include "ouzel/log/kafka/consumer.h"

namespace ouzel {

/// Where reading begins.
struct TopicStart {
  enum class Kind : std::uint8_t { beginning, end, offset } kind = Kind::beginning;
  /// Only this partition. With offset: from there on.
  std::optional<PartitionId> partition;
  Offset offset{};
};

class TopicReader {
 public:
  /// `settings`: of a consumer. Waits up to `limit` for a broker.
  static Result<std::unique_ptr<TopicReader>> open(const KafkaSettingList& settings,
                                                   const std::string& topic,
                                                   const TopicStart& start,
                                                   std::chrono::milliseconds limit);
  virtual ~TopicReader() = default;
  /// Appends what has come, at most `max`; waits for the first up to `limit`. Error unavailable:
  /// nothing has come for 30 s, and the end is not reached.
  virtual Result<void> poll(std::chrono::milliseconds limit, std::size_t max,
                            std::vector<KafkaMessage>& out) = 0;
  /// Every partition has been read to its end, as it was when that was reached first.
  virtual bool at_end() const = 0;
  virtual std::uint32_t partitions() const = 0;
  /// From now on only this partition, from there on.
  virtual Result<void> seek(PartitionId partition, Offset offset) = 0;
  virtual Result<Watermarks> watermarks(PartitionId partition, std::chrono::milliseconds limit) = 0;
};

}  // namespace ouzel
