#include "ouzel/run/nudge.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <csignal>

#include "ouzel/base/check.h"

namespace ouzel {
namespace {

// A signal handler reaches nothing but this.
int g_nudge[2] = {-1, -1};
constexpr char kHangUp = 'h';
constexpr char kOther = 'o';

void put(char what) { [[maybe_unused]] const auto written = ::write(g_nudge[1], &what, 1); }

extern "C" void on_hang_up(int) { put(kHangUp); }

void install(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  ::sigaction(SIGHUP, &action, nullptr);
}

}  // namespace

Nudge::Nudge() {
  OUZEL_CHECK(::pipe2(g_nudge, O_CLOEXEC | O_NONBLOCK) == 0);
  install(&on_hang_up);
}

Nudge::~Nudge() {
  install(SIG_DFL);
  for (int& end : g_nudge) {
    ::close(end);
    end = -1;
  }
}

int Nudge::fd() const { return g_nudge[0]; }

void Nudge::signal() const { put(kOther); }

bool Nudge::take() const {
  bool hang_up = false;
  char what = 0;
  while (::read(g_nudge[0], &what, 1) == 1) hang_up = hang_up || what == kHangUp;
  return hang_up;
}

}  // namespace ouzel
