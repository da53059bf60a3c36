#include "ouzel/lane/worker.h"

#include <algorithm>

namespace ouzel {

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  wake_.signal();
  thread_.join();
}

void Worker::add(Lane& lane) {
  {
    ++asked_;
    const std::lock_guard lock(mutex_);
    --asked_;
    lanes_.push_back(&lane);
  }
  wake_.signal();
}

void Worker::remove(Lane& lane) {
  ++asked_;
  const std::lock_guard lock(mutex_);
  --asked_;
  lanes_.erase(std::remove(lanes_.begin(), lanes_.end(), &lane), lanes_.end());
}

void Worker::run() {
  while (!stopping_.load(std::memory_order_acquire)) {
    if (!pass()) wake_.wait();
    // A busy worker would take the mutex again before anybody else could.
    while (asked_.load(std::memory_order_acquire) > 0) std::this_thread::yield();
  }
}

/// A step of each lane; false: there is nothing to do.
bool Worker::pass() {
  constexpr std::size_t kFlushRows = 256;
  const std::lock_guard lock(mutex_);
  std::size_t done = 0;
  std::size_t since_flush = 0;
  bool busy = false;
  for (Lane* lane : lanes_) {
    const std::size_t work = lane->step();
    done += work;
    since_flush += work;
    busy = busy || lane->busy();
    if (since_flush < kFlushRows) continue;
    log_.flush();
    since_flush = 0;
  }
  if (since_flush > 0) log_.flush();
  return done > 0 || busy;
}

}  // namespace ouzel
