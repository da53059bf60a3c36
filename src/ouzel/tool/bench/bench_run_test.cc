#include "ouzel/tool/bench/bench_run.h"

#include <gtest/gtest.h>

#include <string>

namespace ouzel {
namespace {

using std::chrono::milliseconds;

std::string data(const std::string& id, const std::string& status = "scored") {
  return R"({"event":{"source":"/s\"id\":\"7-","id":")" + id + R"(","key":"k"},"status":")" +
         status + "\"}";
}

TEST(BenchRun, KnowsItsOwnEvents) {
  const SteadyTime now{milliseconds(5)};
  const auto own = seen_outcome(data("7-a-12", "rejected"), "7-a-", now);
  ASSERT_TRUE(own);
  EXPECT_EQ(own->number, 12U);
  EXPECT_EQ(own->at, now);
  EXPECT_TRUE(own->rejected);
  EXPECT_FALSE(seen_outcome(data("7-a-0"), "7-a-", now)->rejected);
  for (const char* other : {"7-b-12", "7-a-", "7-a-1x", "x", ""}) {
    EXPECT_FALSE(seen_outcome(data(other), "7-a-", now)) << other;
  }
  EXPECT_FALSE(seen_outcome("", "7-a-", now));
  EXPECT_FALSE(seen_outcome(R"({"event":{"id":"7-a-12)", "7-a-", now));
}

TEST(BenchRun, CountsWhatIsLostAndWhatIsThereTwice) {
  const auto at = [](int ms) { return SteadyTime(milliseconds(ms)); };
  const std::vector<SteadyTime> due = {at(100), at(101), at(102), at(103)};
  const std::vector<SeenOutcome> seen = {
      {0, at(110)}, {2, at(108), true}, {0, at(300)}, {3, at(600)}, {9, at(900)}};
  const BenchRun run = summarize(due, seen);
  EXPECT_EQ(run.written, 4U);
  EXPECT_EQ(run.lost, 1U);
  EXPECT_EQ(run.doubled, 1U);
  EXPECT_EQ(run.rejected, 1U);
  EXPECT_FALSE(run.complete());
  EXPECT_EQ(run.ms, (std::vector<double>{6, 10, 497}));
  EXPECT_EQ(run.quantile(0.5), 10);
  EXPECT_EQ(run.quantile(1), 497);
  EXPECT_EQ(run.took, milliseconds(500));
  EXPECT_EQ(run.per_second(), 6);
  EXPECT_TRUE(summarize(std::span(due).first(1), std::span(seen).first(1)).complete());
  const BenchRun none = summarize({}, {});
  EXPECT_TRUE(none.complete());
  EXPECT_EQ(none.quantile(0.99), 0);
  EXPECT_EQ(none.per_second(), 0);
}

}  // namespace
}  // namespace ouzel
