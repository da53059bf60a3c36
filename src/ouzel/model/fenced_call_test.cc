#include "ouzel/model/fenced_call.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <vector>

namespace ouzel {
namespace {

Result<std::string> fenced(const std::function<Result<std::string>()>& work,
                           FenceLimits limits = {}) {
  return fenced_call(work, limits, SystemClock());
}

std::string refusal(const std::function<Result<std::string>()>& work, FenceLimits limits = {}) {
  const auto done = fenced(work, limits);
  return done ? "it went well: " + *done : done.error().message;
}

TEST(FencedCall, GivesTheTextAndTheError) {
  EXPECT_EQ(fenced([] { return std::string("hello"); }).value(), "hello");
  EXPECT_EQ(fenced([] { return std::string(); }).value(), "");
  EXPECT_EQ(refusal([] { return fail(ErrorCode::config, "no"); }), "no");
}

TEST(FencedCall, ChangesNothingHere) {
  int changed = 0;
  ASSERT_TRUE(fenced([&] { return std::to_string(++changed); }));
  EXPECT_EQ(changed, 0);
}

TEST(FencedCall, ACrashIsASentence) {
  const auto crash = []() -> Result<std::string> {
    std::raise(SIGSEGV);
    return std::string();
  };
  EXPECT_NE(refusal(crash).find("crashed"), std::string::npos) << refusal(crash);
  const auto leave = []() -> Result<std::string> { std::_Exit(0); };
  EXPECT_EQ(refusal(leave), "it ended without an answer");
}

Result<std::string> spin() {
  volatile bool forever = true;
  while (forever) {}
  return std::string();
}

TEST(FencedCall, AHangEnds) {
  EXPECT_EQ(refusal(spin, {.wall = std::chrono::seconds(1)}), "it took more than 1 s");
  EXPECT_EQ(refusal(spin, {.cpu = std::chrono::seconds(1)}), "it took more than 1 s of CPU");
}

TEST(FencedCall, IsGivenUpWhenToldToStop) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ASSERT_EQ(::write(ends[1], "s", 1), 1);
  const auto begun = SystemClock().steady();
  const auto done = fenced(spin, {.stop_fd = ends[0]});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::unavailable);
  EXPECT_EQ(done.error().message, "given up, as the program was told to stop");
  EXPECT_LT(SystemClock().steady() - begun, std::chrono::seconds(20));
  for (const int end : ends) ::close(end);
}

TEST(FencedCall, MemoryIsBounded) {
  const auto eat = []() -> Result<std::string> {
    std::vector<char> much(1ULL << 31, 'x');
    return std::to_string(much.size());
  };
#ifdef __SANITIZE_ADDRESS__  // Its allocator ends the process.
  EXPECT_EQ(refusal(eat, {.memory_bytes = 64 << 20}), "it ended without an answer");
#else
  EXPECT_EQ(refusal(eat, {.memory_bytes = 64 << 20}), "it needs more memory than is allowed");
#endif
}

}  // namespace
}  // namespace ouzel
