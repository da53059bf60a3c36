#include "ouzel/log/segment/durable_waiters.h"

#include <algorithm>
#include <utility>

namespace ouzel {

void DurableWaiters::add(AppendNumber number, DurableCallback callback) {
  std::optional<Error> failure;
  {
    const std::lock_guard lock(mutex_);
    if (number > durable_ && !failure_) {
      waiting_.emplace(number, std::move(callback));
      return;
    }
    if (number > durable_) failure = failure_;
  }
  callback(failure);
}

void DurableWaiters::advance(AppendNumber number) {
  std::vector<DurableCallback> ready;
  {
    const std::lock_guard lock(mutex_);
    durable_ = std::max(durable_, number);
    const auto end = waiting_.upper_bound(durable_);
    for (auto at = waiting_.begin(); at != end; ++at) ready.push_back(std::move(at->second));
    waiting_.erase(waiting_.begin(), end);
  }
  for (const DurableCallback& callback : ready) callback(std::nullopt);
}

void DurableWaiters::fail(const Error& error) {
  std::multimap<AppendNumber, DurableCallback> all;
  {
    const std::lock_guard lock(mutex_);
    failure_ = error;
    all.swap(waiting_);
  }
  for (const auto& [number, callback] : all) callback(error);
}

}  // namespace ouzel
