#include "ouzel/log/record_time.h"

#include <gtest/gtest.h>

#include <limits>

namespace ouzel {
namespace {

using Limits = std::numeric_limits<std::int64_t>;

TEST(RecordTime, IsNoneWhereNanosecondsDoNotReach) {
  constexpr std::int64_t kMost = 9'223'372'036'854;
  EXPECT_EQ(record_time(0), WallTime());
  EXPECT_EQ(record_time(kMost).time_since_epoch(), std::chrono::milliseconds(kMost));
  for (const std::int64_t none : {std::int64_t{-1}, kMost + 1, std::int64_t{253'402'300'799'999},
                                  Limits::max(), Limits::min()}) {
    EXPECT_EQ(record_time(none), kNoTimestamp) << none;
  }
}

}  // namespace
}  // namespace ouzel
