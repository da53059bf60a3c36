/// The input of one partition on its way from the door (or from recovery) to its lane, in order.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>

#include "ouzel/base/types.h"
#include "ouzel/base/wake.h"
#include "ouzel/batch/batch.h"
#include "ouzel/log/duplicates.h"

namespace ouzel {

/// An event frame in memory: its place, and its decoded rows beside the bytes in the log.
struct InputFrame {
  Offset first{};
  WallTime accepted{};
  Batch batch;
};

/// Bounded by who pushes: door and recovery look at `in_flight` first. Thread-safe; one taker.
class Inbox {
 public:
  /// Who is woken by a push. Set before the first push.
  void set_wake(Wake* wake) { wake_ = wake; }
  void push(InputFrame frame) {
    in_flight_.fetch_add(frame.batch.rows(), std::memory_order_relaxed);
    {
      const std::lock_guard lock(mutex_);
      frames_.push_back(std::move(frame));
    }
    if (wake_ != nullptr) wake_->signal();
  }
  bool pop(InputFrame& out) {
    const std::lock_guard lock(mutex_);
    if (frames_.empty()) return false;
    out = std::move(frames_.front());
    frames_.pop_front();
    return true;
  }
  bool empty() const {
    const std::lock_guard lock(mutex_);
    return frames_.empty();
  }
  /// Rows pushed whose outcomes are not durable yet.
  std::uint64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  void done(std::uint64_t rows) { in_flight_.fetch_sub(rows, std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;
  std::deque<InputFrame> frames_;
  std::atomic<std::uint64_t> in_flight_{0};
  Wake* wake_ = nullptr;
};

/// What the door of a partition guards: the next offset, who was accepted lately, and the way to
/// the lane. The lock makes one instant of giving offsets, appending to the log and pushing, so all
/// three have the same order.
struct PartitionInput {
  explicit PartitionInput(std::size_t duplicates_max) : duplicates(duplicates_max) {}
  std::mutex mutex;
  Offset next{};
  Duplicates duplicates;
  AppendNumber last_append{};  ///< Of this partition's newest event frame.
  Inbox inbox;
  std::atomic<std::uint64_t> duplicate_rows{0};
  std::atomic<bool> stopped{false};  ///< Damaged: nothing is accepted.
};

}  // namespace ouzel
