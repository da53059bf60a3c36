#include "ouzel/base/clock.h"

namespace ouzel {

WallTime SystemClock::wall() const { return std::chrono::system_clock::now(); }
SteadyTime SystemClock::steady() const { return std::chrono::steady_clock::now(); }

}  // namespace ouzel
