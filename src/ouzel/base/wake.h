/// Wake: how one thread tells another that there is work. A signal that comes while nobody waits is
/// kept, so none is lost. Any number of signallers, one waiter.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace ouzel {

class Wake {
 public:
  void signal() {
    {
      const std::lock_guard lock(mutex_);
      if (signalled_) return;
      signalled_ = true;
    }
    condition_.notify_one();
  }
  /// Waits for a signal and takes it.
  void wait() {
    std::unique_lock lock(mutex_);
    condition_.wait(lock, [this] { return signalled_; });
    signalled_ = false;
  }
  /// The same, for at most `limit`; false if none came.
  bool wait_for(std::chrono::nanoseconds limit) {
    std::unique_lock lock(mutex_);
    const bool came = condition_.wait_for(lock, limit, [this] { return signalled_; });
    signalled_ = false;
    return came;
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool signalled_ = false;
};

}  // namespace ouzel
