/// ReadingThread: one thread for answers that read the log, so that I/O threads never wait for a
/// disk. At the limit of its queue it refuses.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "ouzel/base/wake.h"

namespace ouzel {

class ReadingThread {
 public:
  explicit ReadingThread(std::size_t queued_max);
  /// Finishes the work in hand and drops the rest.
  ~ReadingThread();
  /// Runs `work` in its turn; false: too much is waiting. Thread-safe.
  bool submit(std::function<void()> work);

 private:
  void run();

  const std::size_t queued_max_;
  std::mutex mutex_;  ///< Of what follows.
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  Wake wake_;
  std::thread thread_;
};

}  // namespace ouzel
