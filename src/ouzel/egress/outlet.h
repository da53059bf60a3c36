/// Outlet: the far side of a sink: an HTTP receiver, or files. Takes a window of messages and works
/// until each is delivered or, where that cannot be, kept as a dead letter.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/egress/message.h"

namespace ouzel {

/// What a sink tells about itself. Written by its thread, read by any.
class SinkReport {
 public:
  std::atomic<std::uint64_t> delivered{0};     ///< Outcomes that the receiver has acknowledged.
  std::atomic<std::uint64_t> retries{0};       ///< Requests sent again.
  std::atomic<std::uint64_t> dead_letters{0};  ///< Outcomes given up and kept.
  std::atomic<std::uint64_t> skipped{0};       ///< Outcomes that were gone before it read them.

  /// Why it does not get on; empty: it does.
  void set_trouble(std::string why) {
    const std::lock_guard lock(mutex_);
    trouble_ = std::move(why);
  }
  std::string trouble() const {
    const std::lock_guard lock(mutex_);
    return trouble_;
  }

 private:
  mutable std::mutex mutex_;
  std::string trouble_;
};

/// All but `wake` belongs to the sink's thread.
class Outlet {
 public:
  virtual ~Outlet() = default;
  /// Takes over a window; only when the last one is done.
  virtual void take(std::vector<Message> window) = 0;
  /// Works for about `limit` at most. True: all of the window is delivered or kept, durably. An
  /// error may be tried again: nothing is lost.
  virtual Result<bool> step(std::chrono::nanoseconds limit) = 0;
  /// Lets go of what it has not delivered of a partition of Kafka; returns where that begins. What
  /// is under way may arrive all the same.
  virtual std::optional<Offset> drop(PartitionId partition) = 0;
  /// Ends a `step` that waits. Thread-safe.
  virtual void wake() = 0;
  /// What must be known to go on exactly here; kept with the cursor, before the first window too,
  /// and given back at the next start.
  virtual std::string place() const { return {}; }
  /// Between two windows that were not full, so that a trickle does not cost a sync an event.
  virtual std::chrono::nanoseconds rest() const { return {}; }
};

}  // namespace ouzel
