/// A progress bar on stderr, on a terminal only and never with NO_COLOR. One thread.
#pragma once

#include <cstdint>
#include <string>

#include "ouzel/base/clock.h"

namespace ouzel {

class Progress {
 public:
  /// `clock` must outlive it. `total` bytes are to be read; 0: not known, so there is no bar, only
  /// a count.
  Progress(const Clock& clock, std::uint64_t total);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Draws, at most ten times a second.
  void show(std::uint64_t done, std::uint64_t events);
  /// Takes it off the screen, before anything else is said there.
  void clear();

 private:
  const Clock& clock_;
  const std::uint64_t total_;
  const bool shown_;
  const SteadyTime begun_;
  SteadyTime drawn_{};
  bool on_screen_ = false;
};

}  // namespace ouzel
