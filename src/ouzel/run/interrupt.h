/// Interrupt: SIGINT and SIGTERM as a question that a long command asks now and then. The second
/// signal ends the process at once with 128 + its number. One at a time in a process; one thread
/// waits.
#pragma once

#include <chrono>

namespace ouzel {

class Interrupt {
 public:
  /// `before_forced_end` runs in the signal handler of the second signal: it may only do what is
  /// safe there.
  explicit Interrupt(void (*before_forced_end)() = nullptr);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  bool requested() const;
  /// Can be read once a signal came, and stays so.
  int fd() const;
  /// Waits for `time`, less if a signal comes. True if one came so far.
  bool wait(std::chrono::nanoseconds time) const;
  /// The same, but ends early when `fd` can be read, too. `readable` says if it can.
  bool wait(std::chrono::nanoseconds time, int fd, bool& readable) const;
};

}  // namespace ouzel
