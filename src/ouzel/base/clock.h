/// The only source of time. Injected, so that a test owns it.
#pragma once

#include "ouzel/base/types.h"

namespace ouzel {

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual SteadyTime steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime wall() const override;
  SteadyTime steady() const override;
};

/// Stands still until told. Not thread-safe.
class ManualClock final : public Clock {
 public:
  WallTime wall() const override { return wall_; }
  SteadyTime steady() const override { return steady_; }
  void set_wall(WallTime now) { wall_ = now; }
  void advance(std::chrono::nanoseconds by) {
    wall_ += by;
    steady_ += by;
  }

 private:
  WallTime wall_{};
  SteadyTime steady_{};
};

}  // namespace ouzel
