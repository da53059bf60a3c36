/// StepThread: the thread of an object that works in steps: a step, then a wait for a signal for as
/// long as the step said.
///
/// Owns the thread. `signal` is for any thread, the rest for the owner, whose `step` may be called
/// until `stop` returns.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "ouzel/base/wake.h"

namespace ouzel {

class StepThread {
 public:
  StepThread() = default;
  ~StepThread() { stop(); }
  StepThread(const StepThread&) = delete;
  StepThread& operator=(const StepThread&) = delete;

  /// `step`: a bounded slice of work; returns how long to wait for a signal; negative: until one
  /// comes.
  void start(std::function<std::chrono::nanoseconds()> step);
  /// Ends after the step under way; nothing if it was not started.
  void stop();
  void signal() { wake_.signal(); }

 private:
  Wake wake_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace ouzel
