/// Gate: lets many through, until it is closed; then those who come wait for it to open again.
///
/// `enter` and `leave` are for any thread; one thread closes and opens. Bounded: who waits longer
/// than `wait_max` is turned away. Cost: one lock each way.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace ouzel {

class Gate {
 public:
  explicit Gate(std::chrono::nanoseconds wait_max) : wait_max_(wait_max) {}

  /// False: it stayed closed. Otherwise `leave` must follow.
  bool enter() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, wait_max_, [this] { return !closed_; })) return false;
    ++inside_;
    return true;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    if (--inside_ == 0) changed_.notify_all();
  }
  /// Returns when nobody is inside.
  void close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    changed_.wait(lock, [this] { return inside_ == 0; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    closed_ = false;
    changed_.notify_all();
  }

 private:
  const std::chrono::nanoseconds wait_max_;
  std::mutex mutex_;  ///< Of what follows.
  std::condition_variable changed_;
  std::size_t inside_ = 0;
  bool closed_ = false;
};

}  // namespace ouzel
