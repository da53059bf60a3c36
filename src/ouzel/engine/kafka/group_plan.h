/// GroupPlan: the way to the topic `models`: what plan a group's workers shall run, and to say
/// which.
///
/// One thread. Connects for each call only: it is seldom asked. Errors: config (only other settings
/// or rights help, no such topic; also a program that was built without Kafka), unavailable (no
/// broker answers in time).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "ouzel/base/error.h"
#include "ouzel/engine/kafka/plan_record.h"
#include "ouzel/log/kafka/consumer.h"

namespace ouzel {

class GroupPlan {
 public:
  struct Options {
    KafkaSettingList consumer_settings;
    KafkaSettingList producer_settings;
    std::string topic;
    std::string group;   ///< Whose records count.
    std::string worker;  ///< Who says so.
  };
  explicit GroupPlan(Options options) : options_(std::move(options)) {}

  /// The group's newest record, once all that is there has been read.
  Result<std::optional<PlanRecord>> read(std::chrono::milliseconds limit);
  /// Says that a plan of this text runs now in place of `before`, if the group's newest record does
  /// not say so already. Durable when it returns; after an error it may or may not be. Without a
  /// `before` it is the group's first record, and not written if there is one.
  Result<void> write(const std::string& text, const std::optional<Hash128>& before,
                     std::chrono::milliseconds limit);

 private:
  const Options options_;
  Offset next_{};  ///< To be read.
  std::optional<PlanRecord> newest_;
};

}  // namespace ouzel
