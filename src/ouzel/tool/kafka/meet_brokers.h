/// How long a command waits for brokers: after 3 s it says on stderr what it waits for, after 10 s
/// it gives up. So nobody looks at a silent terminal, and brokers that only start again are waited
/// for.
#pragma once

#include <chrono>
#include <cstdio>
#include <string_view>

#include "ouzel/base/error.h"

namespace ouzel {

inline constexpr std::chrono::milliseconds kTellAfter = std::chrono::seconds(3);
inline constexpr std::chrono::milliseconds kMeetMax = std::chrono::seconds(10);

/// What `open(limit)` gives, which waits up to `limit` for a broker and is called at most twice.
template <class Open>
auto meet_brokers(std::string_view command, const Open& open) {
  auto opened = open(kTellAfter);
  if (opened || opened.error().code != ErrorCode::unavailable) return opened;
  constexpr auto kLeft = std::chrono::duration_cast<std::chrono::seconds>(kMeetMax - kTellAfter);
  std::fprintf(stderr, "ouzel %.*s: %s; trying for another %d s\n",
               static_cast<int>(command.size()), command.data(), opened.error().message.c_str(),
               static_cast<int>(kLeft.count()));
  return open(kMeetMax - kTellAfter);
}

}  // namespace ouzel
