#include "ouzel/app/interrupt.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <csignal>
#include <ctime>

namespace ouzel {
namespace {

volatile std::sig_atomic_t g_requested = 0;

extern "C" void on_signal(int) { g_requested = 1; }

void install(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second signal has its ordinary effect
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  g_requested = 0;
  install(&on_signal);
}

Interrupt::~Interrupt() { install(SIG_DFL); }

bool Interrupt::requested() const { return g_requested != 0; }

bool Interrupt::wait(std::chrono::nanoseconds time, int fd, bool& readable) const {
  const auto ns = std::max<std::int64_t>(0, time.count());
  const timespec timeout{static_cast<time_t>(ns / 1'000'000'000), ns % 1'000'000'000};
  pollfd watched{fd, POLLIN, 0};
  const int rc = requested() ? 0 : ::ppoll(&watched, fd < 0 ? 0 : 1, &timeout, nullptr);
  readable = rc > 0;
  return requested();
}

bool Interrupt::wait(std::chrono::nanoseconds time) const {
  bool readable = false;
  return wait(time, -1, readable);
}

}  // namespace ouzel
