#include "ouzel/gateway/broken_pipe.h"

#include <signal.h>

namespace ouzel {

void ignore_broken_pipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace ouzel
