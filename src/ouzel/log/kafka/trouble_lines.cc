#include "ouzel/log/kafka/trouble_lines.h"

#include <algorithm>
#include <utility>

#include "ouzel/log/kafka/broker_trouble.h"

namespace ouzel {
namespace {

constexpr const char* kAllDown = "brokers are down";

}  // namespace

std::optional<std::uint64_t> TroubleLines::note(std::string_view line, SteadyTime now) {
  // Without what differs each time: after how many ms, in which state, and how many brokers it
  // knew.
  std::string text = explain_trouble(line).message;
  const bool all = text.ends_with(kAllDown);
  if (all) text = kAllDown;
  const std::lock_guard lock(mutex_);
  const auto known = said_.find(text);
  if (known != said_.end() && now - known->second.at < kAgainAfter) {
    ++known->second.held;
    ++held_;
    return std::nullopt;
  }
  all_down_ = all_down_ || all;
  if (known != said_.end()) {
    const std::uint64_t held = known->second.held;
    known->second = {.at = now};
    return held;
  }
  if (said_.size() >= kTextsMax) {
    said_.erase(std::min_element(
        said_.begin(), said_.end(),
        [](const auto& one, const auto& other) { return one.second.at < other.second.at; }));
  }
  said_.emplace(std::move(text), Said{.at = now});
  return 0;
}

std::optional<std::uint64_t> TroubleLines::answered() {
  const std::lock_guard lock(mutex_);
  if (!all_down_) return std::nullopt;
  all_down_ = false;
  return std::exchange(held_, 0);
}

}  // namespace ouzel
