#include "ouzel/log/kafka/trouble_lines.h"

#include <gtest/gtest.h>

namespace ouzel {
namespace {

using std::chrono::seconds;
using Held = std::optional<std::uint64_t>;

constexpr const char* kRefused =
    "[thrd:k:1/bootstrap]: k:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused "
    "(after 0ms in state CONNECT)";
constexpr const char* kRefusedAgain =
    "k:1/7: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 3ms in state CONNECT, 5 "
    "identical error(s) suppressed)";
constexpr const char* kDown = "[thrd:k:1/bootstrap]: 1/1 brokers are down";

TEST(TroubleLines, EachIsSaidOnceAndThenAtMostEvery30Seconds) {
  TroubleLines lines;
  const SteadyTime begin{};
  EXPECT_EQ(lines.note(kRefused, begin), Held(0));
  EXPECT_EQ(lines.note("k:2/bootstrap: Connection refused", begin), Held(0));
  for (int i = 1; i < 30; ++i) EXPECT_EQ(lines.note(kRefusedAgain, begin + seconds(i)), Held());
  EXPECT_EQ(lines.note(kRefused, begin + seconds(30)), Held(29));
  EXPECT_EQ(lines.note(kRefused, begin + seconds(31)), Held());
  EXPECT_EQ(lines.note(kRefused, begin + seconds(60)), Held(1));
}

TEST(TroubleLines, TheEndIsSaidOnceIfNoBrokerAnswered) {
  TroubleLines lines;
  const SteadyTime begin{};
  EXPECT_EQ(lines.note(kRefused, begin), Held(0));
  EXPECT_EQ(lines.answered(), Held());  // One of several, and another answers.
  EXPECT_EQ(lines.note(kRefused, begin), Held());
  EXPECT_EQ(lines.note(kDown, begin), Held(0));
  EXPECT_EQ(lines.note("2/2 brokers are down", begin), Held());
  EXPECT_EQ(lines.answered(), Held(2));
  EXPECT_EQ(lines.answered(), Held());
  // Back and away all the time: that they are away is held back, and so is the end of it.
  EXPECT_EQ(lines.note(kDown, begin + seconds(2)), Held());
  EXPECT_EQ(lines.answered(), Held());
  EXPECT_EQ(lines.note(kDown, begin + seconds(30)), Held(2));
  EXPECT_EQ(lines.answered(), Held(1));
}

TEST(TroubleLines, ManyTextsAreForgottenTheOldestFirst) {
  TroubleLines lines;
  SteadyTime now{};
  const auto text = [](std::size_t i) { return "trouble number " + std::to_string(i); };
  for (std::size_t i = 0; i <= TroubleLines::kTextsMax; ++i) {
    EXPECT_EQ(lines.note(text(i), now += std::chrono::milliseconds(1)), Held(0));
  }
  EXPECT_EQ(lines.note(text(TroubleLines::kTextsMax), now), Held());
  EXPECT_EQ(lines.note(text(1), now), Held());
  EXPECT_EQ(lines.note(text(0), now), Held(0));
}

}  // namespace
}  // namespace ouzel
