#include "ouzel/run/interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <ctime>

#include "ouzel/base/check.h"

namespace ouzel {
namespace {

// A signal handler reaches nothing but these. The pipe wakes the waiting thread whichever thread
// the signal was delivered to, and however shortly before the wait.
std::atomic<bool> g_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);
int g_pipe[2] = {-1, -1};
void (*g_before_forced_end)() = nullptr;

extern "C" void on_signal(int number) {
  if (g_requested.exchange(true)) {
    if (g_before_forced_end != nullptr) g_before_forced_end();
    ::_exit(128 + number);
  }
  const char byte = 0;
  [[maybe_unused]] const auto written = ::write(g_pipe[1], &byte, 1);
}

void install(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt(void (*before_forced_end)()) {
  g_requested = false;
  g_before_forced_end = before_forced_end;
  OUZEL_CHECK(::pipe2(g_pipe, O_CLOEXEC | O_NONBLOCK) == 0);
  install(&on_signal);
}

Interrupt::~Interrupt() {
  install(SIG_DFL);
  for (int& end : g_pipe) {
    ::close(end);
    end = -1;
  }
}

bool Interrupt::requested() const { return g_requested; }

int Interrupt::fd() const { return g_pipe[0]; }

bool Interrupt::wait(std::chrono::nanoseconds time, int fd, bool& readable) const {
  const auto ns = std::max<std::int64_t>(0, time.count());
  const timespec timeout{static_cast<time_t>(ns / 1'000'000'000), ns % 1'000'000'000};
  pollfd watched[2] = {{g_pipe[0], POLLIN, 0}, {fd, POLLIN, 0}};
  const int rc = ::ppoll(watched, fd < 0 ? 1 : 2, &timeout, nullptr);
  readable = rc > 0 && watched[1].revents != 0;
  return requested();
}

bool Interrupt::wait(std::chrono::nanoseconds time) const {
  bool readable = false;
  return wait(time, -1, readable);
}

}  // namespace ouzel
