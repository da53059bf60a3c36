/// PlanChannel: a worker's end of the topic `models`: the newest that it heard of its group's plan,
/// and what it has still to tell.
///
/// `tell`, `newest` and `telling` are thread-safe; `watch` and `send`, which wait for brokers,
/// belong to one thread: the keeper's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "ouzel/base/types.h"
#include "ouzel/base/wake.h"
#include "ouzel/engine/kafka/group_plan.h"

namespace ouzel {

class PlanChannel {
 public:
  /// `wake`: calls that thread to `send`; for any thread.
  PlanChannel(GroupPlan topic, std::function<void()> wake);

  /// Says to the group that the plan of this text has taken the place of `before`; waits up to
  /// `wait` until that stands in the topic. Error unavailable: not yet, it goes on trying; else: it
  /// cannot be.
  Result<void> tell(std::string text, const Hash128& before, std::chrono::nanoseconds wait);
  bool telling() const;
  /// Absent: nothing is known.
  std::optional<PlanRecord> newest() const;

  /// Reads the topic if it ends elsewhere than when it was last read. A group without a record gets
  /// `running`, its first: so that a later one can say what it replaced.
  void watch(Offset end, const std::string& running);
  /// Sends what there is to tell.
  void send();

 private:
  /// A plan to tell the group of, from who asks to the keeper.
  struct Telling {
    std::string text;
    std::optional<Hash128> before;  ///< Absent: the group's first.
    Result<void> result;            ///< When `done`.
    Wake done;
  };

  GroupPlan topic_;
  const std::function<void()> wake_;
  std::optional<Offset> end_;  ///< As it was when the topic was last read.
  mutable std::mutex mutex_;   ///< Of what follows.
  std::shared_ptr<Telling> telling_;
  std::optional<PlanRecord> newest_;
};

}  // namespace ouzel
