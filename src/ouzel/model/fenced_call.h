/// Runs a function in a child process with limits, for work that may crash, hang or eat memory.
///
/// The child is a fork: it has a copy of all that the function reads and changes nothing here. It
/// keeps no file of this process open but the pipe it answers on (no lock, no port outlives the
/// engine in it), writes nothing to stdout or stderr, and dies with this process, to which it
/// leaves SIGINT, SIGTERM and SIGHUP: a terminal or supervisor may send them to both. The function
/// must take no lock that another thread may hold at the fork; memory is safe to allocate (glibc
/// sees to that).
///
/// Blocks until it ends; any thread. Errors: config: what the function said; corrupt: it crashed or
/// ran into a limit; unavailable: no process could be made, or it was told to stop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"

namespace ouzel {

struct FenceLimits {
  std::uint64_t memory_bytes = 4ULL << 30;  ///< Beyond what this process has.
  std::chrono::seconds cpu{60};
  std::chrono::seconds wall{90};
  int stop_fd = -1;  ///< Once it can be read, the child is killed; -1: there is none.
};

/// The text that `work` returns, at most 1 MiB of it.
Result<std::string> fenced_call(const std::function<Result<std::string>()>& work,
                                FenceLimits limits, const Clock& clock);

}  // namespace ouzel
