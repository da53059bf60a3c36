#include "ouzel/serve/reading_thread.h"

#include <utility>

namespace ouzel {

ReadingThread::ReadingThread(std::size_t queued_max)
    : queued_max_(queued_max), thread_([this] { run(); }) {}

ReadingThread::~ReadingThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.signal();
  thread_.join();
}

bool ReadingThread::submit(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= queued_max_) return false;
    queue_.push_back(std::move(work));
  }
  wake_.signal();
  return true;
}

void ReadingThread::run() {
  while (true) {
    std::function<void()> work;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      if (!queue_.empty()) {
        work = std::move(queue_.front());
        queue_.pop_front();
      }
    }
    if (work) {
      work();
    } else {
      wake_.wait();
    }
  }
}

}  // namespace ouzel
