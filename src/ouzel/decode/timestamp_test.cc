#include "ouzel/decode/timestamp.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace ouzel {
namespace {

using State = Timestamp::State;

struct Case {
  std::string text;
  State state = State::good;
  std::int64_t nanos = 0;
};

void check(const Case& c, const Timestamp& got) {
  EXPECT_EQ(static_cast<int>(got.state), static_cast<int>(c.state)) << c.text;
  if (c.state == State::good) {
    EXPECT_EQ(got.time.time_since_epoch().count(), c.nanos) << c.text;
  } else {
    EXPECT_EQ(got.time, kNoTime) << c.text;
  }
}

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(Timestamp, ReadsRfc3339) {
  const Case cases[] = {
      {"1970-01-01T00:00:00Z", State::good, 0},
      {"2026-03-01T08:00:00Z", State::good, 1772352000 * kSecond},
      {"2026-03-01T08:00:00.120Z", State::good, 1772352000 * kSecond + 120'000'000},
      {"2026-03-01t08:00:00.123456789z", State::good, 1772352000 * kSecond + 123'456'789},
      {"2026-03-01 08:00:00.1234567899999Z", State::good, 1772352000 * kSecond + 123'456'789},
      {"2026-03-01T09:30:00+01:30", State::good, 1772352000 * kSecond},
      {"2026-02-28T23:00:00-09:00", State::good, 1772352000 * kSecond},
      {"2026-03-01T08:00:00-00:00", State::good, 1772352000 * kSecond},
      {"1969-12-31T23:59:59.5Z", State::good, -500'000'000},
      {"2106-02-07T06:28:16Z", State::good, 4294967296 * kSecond},
      {"2000-02-29T00:00:00Z", State::good, 951782400 * kSecond},
      // A leap second: the last nanosecond of the second before, whatever its fraction.
      {"2016-12-31T23:59:60Z", State::good, 1483228799 * kSecond + 999'999'999},
      {"2016-12-31T15:59:60.5-08:00", State::good, 1483228799 * kSecond + 999'999'999},
      {"2262-04-11T23:47:15.999999999Z", State::good, 9223372035 * kSecond + 999'999'999},
      {"2262-04-11T23:47:16.9Z", State::out_of_range},
      {"0001-01-01T00:00:00Z", State::out_of_range},
      {"9999-12-31T23:59:59Z", State::out_of_range},
  };
  for (const Case& c : cases) {
    check(c, parse_rfc3339(c.text));
    check(c, parse_timestamp(c.text));
  }
}

TEST(Timestamp, RefusesWhatIsNoTime) {
  for (const char* text : {"",
                           "2026",
                           "2026-03-01",
                           "2026-03-01T08:00:00",
                           "2026-03-01T08:00Z",
                           "2026-3-01T08:00:00Z",
                           "2026-13-01T08:00:00Z",
                           "2026-00-01T08:00:00Z",
                           "2026-02-29T08:00:00Z",
                           "2026-03-32T08:00:00Z",
                           "2026-03-00T08:00:00Z",
                           "2026-03-01T24:00:00Z",
                           "2026-03-01T08:60:00Z",
                           "2026-03-01T08:00:61Z",
                           "2026-03-01T08:00:60Z",
                           "2026-03-01T08:00:00.Z",
                           "2026-03-01T08:00:00+24:00",
                           "2026-03-01T08:00:00+01:60",
                           "2026-03-01T08:00:00+0100",
                           "2026-03-01T08:00:00ZZ",
                           "2026-03-01T08:00:00 Z",
                           "0000-01-01T00:00:00Z",
                           "-026-03-01T08:00:00Z",
                           "2026/03/01T08:00:00Z",
                           " 2026-03-01T08:00:00Z",
                           "2026-03-01T08:00:00,5Z",
                           "２026-03-01T08:00:00Z"}) {
    EXPECT_EQ(static_cast<int>(parse_rfc3339(text).state), static_cast<int>(State::not_a_time))
        << text;
  }
}

TEST(Timestamp, ReadsEpochByMagnitude) {
  const Case cases[] = {
      {"0", State::good, 0},
      {"-0", State::good, 0},
      {"1772352000", State::good, 1772352000 * kSecond},
      {"1772352000123", State::good, 1772352000 * kSecond + 123'000'000},
      {"1772352000123456", State::good, 1772352000 * kSecond + 123'456'000},
      {"1772352000123456789", State::good, 1772352000 * kSecond + 123'456'789},
      {"4294967295", State::good, 4294967295 * kSecond},
      {"9223372035", State::good, 9223372035 * kSecond},
      {"9223372036", State::good, 9223372036 * 1'000'000},
      {"1772352000.123456789", State::good, 1772352000 * kSecond + 123'456'789},
      {"1772352000.1234567899", State::good, 1772352000 * kSecond + 123'456'789},
      {"1772352000.5e0", State::good, 1772352000 * kSecond + 500'000'000},
      {"1.772352e9", State::good, 1772352000 * kSecond},
      {"1.772352000123456789E+18", State::good, 1772352000 * kSecond + 123'456'789},
      {"17723520000e-1", State::good, 1772352000 * kSecond},
      {"1772352000123.456", State::good, 1772352000 * kSecond + 123'456'000},
      {"0.000000001", State::good, 1},
      {"0.0000000001", State::good, 0},
      {"1e-400", State::good, 0},
      {"-1.5", State::good, -1'500'000'000},
      {"0001772352000", State::good, 1772352000 * kSecond},
      {"-9223372035999999999", State::good, -9223372035999999999},
      {"9223372036854775807", State::out_of_range},
      {"1e30", State::out_of_range},
      {"1e999999999999999999999", State::out_of_range},
      {"123456789012345678901234567890123456789012345678901234567890", State::out_of_range},
  };
  for (const Case& c : cases) {
    check(c, parse_epoch(c.text));
    check(c, parse_timestamp(c.text));
  }
}

TEST(Timestamp, RefusesWhatIsNoEpoch) {
  for (const char* text : {"", "-", "+1", ".5", "5.", "1e", "1e+", "1.e5", "0x10", "1 ", " 1",
                           "1_000", "NaN", "Infinity", "1.2.3", "--1", "1e5.5", "one"}) {
    EXPECT_EQ(static_cast<int>(parse_epoch(text).state), static_cast<int>(State::not_a_time))
        << text;
  }
}

}  // namespace
}  // namespace ouzel
