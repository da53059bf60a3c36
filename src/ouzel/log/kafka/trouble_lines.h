/// TroubleLines: which of librdkafka's complaints are worth a log line. While brokers are away
/// every client repeats them several times a second; here each distinct one is said at once, and
/// then at most once in 30 s, with how often it was held back.
///
/// Thread-safe: librdkafka speaks on threads of its own. A lookup in at most 64 texts a complaint.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "ouzel/base/types.h"

namespace ouzel {

class TroubleLines {
 public:
  static constexpr std::chrono::nanoseconds kAgainAfter = std::chrono::seconds(30);
  static constexpr std::size_t kTextsMax = 64;  ///< Beyond, the longest unsaid is forgotten.

  /// nullopt: not now. Else it is to be said: how often it was held back since it last was.
  std::optional<std::uint64_t> note(std::string_view line, SteadyTime now);
  /// A broker answers. nullopt: that is nothing new. Else it was said that none does: how many
  /// complaints were held back meanwhile.
  std::optional<std::uint64_t> answered();

 private:
  struct Said {
    SteadyTime at{};
    std::uint64_t held = 0;
  };

  std::mutex mutex_;
  std::map<std::string, Said, std::less<>> said_;
  bool all_down_ = false;   ///< And that was said.
  std::uint64_t held_ = 0;  ///< Since the last end of trouble.
};

}  // namespace ouzel
