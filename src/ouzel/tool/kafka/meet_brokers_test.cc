#include "ouzel/tool/kafka/meet_brokers.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ouzel {
namespace {

using std::chrono::milliseconds;

/// What `open` was given each time; it fails with `code` until its call `good`.
struct Meeting {
  Result<int> meet(ErrorCode code, std::size_t good) {
    ::testing::internal::CaptureStderr();
    auto out = meet_brokers("tap", [&](milliseconds limit) -> Result<int> {
      limits.push_back(limit);
      if (limits.size() == good) return 7;
      return fail(code, "a:9092 refuses the connection");
    });
    said = ::testing::internal::GetCapturedStderr();
    return out;
  }

  std::vector<milliseconds> limits;
  std::string said;
};

TEST(MeetBrokers, SaysNothingWhereTheyAnswer) {
  Meeting meeting;
  EXPECT_EQ(meeting.meet(ErrorCode::unavailable, 1), 7);
  EXPECT_EQ(meeting.limits, std::vector{kTellAfter});
  EXPECT_EQ(meeting.said, "");
}

TEST(MeetBrokers, SaysWhatItWaitsForAndWaitsOn) {
  Meeting meeting;
  EXPECT_EQ(meeting.meet(ErrorCode::unavailable, 2), 7);
  EXPECT_EQ(meeting.limits, (std::vector{kTellAfter, kMeetMax - kTellAfter}));
  EXPECT_EQ(meeting.said, "ouzel tap: a:9092 refuses the connection; trying for another 7 s\n");
}

TEST(MeetBrokers, GivesUp) {
  Meeting meeting;
  EXPECT_EQ(meeting.meet(ErrorCode::unavailable, 3).error().code, ErrorCode::unavailable);
  EXPECT_EQ(meeting.limits.size(), 2U);
}

TEST(MeetBrokers, DoesNotWaitForWhatNoTimeMends) {
  Meeting meeting;
  EXPECT_EQ(meeting.meet(ErrorCode::config, 2).error().code, ErrorCode::config);
  EXPECT_EQ(meeting.limits, std::vector{kTellAfter});
  EXPECT_EQ(meeting.said, "");
}

}  // namespace
}  // namespace ouzel
