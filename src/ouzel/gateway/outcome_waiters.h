/// OutcomeWaiters: senders that want the outcome of their event as the answer (`Prefer: reply`).
/// Follows the log while anybody waits, and tells each the outcome once it is on disk.
///
/// `wait` is for any thread. The rest happens on one thread: its own after `start`, or a test's
/// that calls `step`; callbacks run there. It looks every half millisecond while somebody waits.
/// Bounded: beyond `waiters_max`, after `wait_max` and at the end, a waiter is told nothing.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/step_thread.h"
#include "ouzel/gateway/intake.h"
#include "ouzel/log/log.h"

namespace ouzel {

struct OutcomeWaitersLimits {
  std::size_t waiters_max = 4096;
  std::chrono::nanoseconds wait_max{std::chrono::seconds(5)};
};

class OutcomeWaiters {
 public:
  /// The outcome as its JSON line; nullopt: not in time.
  using Told = std::function<void(std::optional<std::string> outcome)>;

  /// All must outlive it.
  OutcomeWaiters(Log& log, const Clock& clock, OutcomeWaitersLimits limits = {});
  /// Tells nothing to those who still wait.
  ~OutcomeWaiters();

  void start();
  /// More of the log is durable.
  void signal() {
    if (count_ > 0) thread_.signal();
  }
  /// `since`: the log's durable end before the event was admitted, so that its outcome stands
  /// behind; zero if it may stand anywhere (a duplicate).
  void wait(EventPlace place, LogPosition since, Told told);
  /// A bounded slice; returns how long to wait for a signal; negative: until somebody comes.
  std::chrono::nanoseconds step();

 private:
  struct Waiter {
    EventPlace place;
    LogPosition since{};
    SteadyTime until{};
    Told told;
  };
  void take_new();
  bool follow();
  void look_up(Waiter waiter);
  void answer(const FrameView& frame, std::vector<Waiter>& waiters);

  Log& log_;
  const Clock& clock_;
  const OutcomeWaitersLimits limits_;
  std::vector<Waiter> waiters_;        ///< Their outcomes stand behind reader_.
  std::unique_ptr<LogReader> reader_;  ///< None while nobody waits.

  std::atomic<std::size_t> count_{0};
  std::mutex mutex_;  ///< Of new_.
  std::vector<Waiter> new_;
  StepThread thread_;
};

}  // namespace ouzel
