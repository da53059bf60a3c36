/// Worker: a thread that runs lanes, one step of each in turn, and wakes the log's writer when it
/// has done some work. Owns its thread; log and lanes must outlive their time with it.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "ouzel/base/wake.h"
#include "ouzel/lane/lane.h"
#include "ouzel/log/log.h"

namespace ouzel {

class Worker {
 public:
  explicit Worker(Log& log) : log_(log) {}
  ~Worker() { stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start();
  /// Ends after the steps under way.
  void stop();
  /// From now on it runs this lane, whose input must wake `wake()`. Thread-safe.
  void add(Lane& lane);
  /// No step of this lane is under way when it returns, and none comes. Thread-safe.
  void remove(Lane& lane);
  /// For those who bring work.
  Wake& wake() { return wake_; }

 private:
  void run();
  bool pass();

  Log& log_;
  Wake wake_;
  std::mutex mutex_;                   ///< Of lanes_; held during a pass.
  std::atomic<std::size_t> asked_{0};  ///< Who wants the mutex between two passes.
  std::vector<Lane*> lanes_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace ouzel
