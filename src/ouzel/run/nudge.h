/// Nudge: wakes the thread that waits on `fd`: SIGHUP does while one lives, and any thread can.
/// One at a time in a process.
#pragma once

namespace ouzel {

class Nudge {
 public:
  Nudge();
  ~Nudge();
  Nudge(const Nudge&) = delete;
  Nudge& operator=(const Nudge&) = delete;
  int fd() const;
  /// From any thread.
  void signal() const;
  /// Takes all wake-ups so far; true if SIGHUP was among them.
  bool take() const;
};

}  // namespace ouzel
