#include "ouzel/base/step_thread.h"

#include <utility>

namespace ouzel {

void StepThread::start(std::function<std::chrono::nanoseconds()> step) {
  thread_ = std::thread([this, step = std::move(step)] {
    while (!stopping_) {
      const std::chrono::nanoseconds wait = step();
      if (wait.count() < 0) {
        wake_.wait();
      } else if (wait.count() > 0) {
        wake_.wait_for(wait);
      }
    }
  });
}

void StepThread::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  wake_.signal();
  thread_.join();
}

}  // namespace ouzel
