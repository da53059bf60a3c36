/// ChangeRefusals: whether the newest wish to change the running pipeline was refused, so that an
/// older one than its files say is in force. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace ouzel {

class ChangeRefusals {
 public:
  struct State {
    std::uint64_t count = 0;  ///< Of refusals so far.
    std::string why;          ///< The newest wish was refused; empty: it was not.
  };

  void refused(std::string why) {
    const std::lock_guard lock(mutex_);
    ++state_.count;
    state_.why = std::move(why);
  }
  /// What is wished for is in force.
  void settled() {
    const std::lock_guard lock(mutex_);
    state_.why.clear();
  }
  State state() const {
    const std::lock_guard lock(mutex_);
    return state_;
  }

 private:
  mutable std::mutex mutex_;
  State state_;
};

}  // namespace ouzel
