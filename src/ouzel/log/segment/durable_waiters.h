/// Who waits for which append to be on disk. Thread-safe; callbacks run without a lock held.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "ouzel/log/log.h"

namespace ouzel {

class DurableWaiters {
 public:
  /// Calls back once everything up to `number` is durable: at once if it is, or if the log failed.
  void add(AppendNumber number, DurableCallback callback);
  /// Everything up to `number` is durable: calls who waited for it.
  void advance(AppendNumber number);
  /// The log has failed for good: calls all who wait, and from now on everyone at once.
  void fail(const Error& error);

 private:
  std::mutex mutex_;
  std::multimap<AppendNumber, DurableCallback> waiting_;
  AppendNumber durable_{};
  std::optional<Error> failure_;
};

}  // namespace ouzel
