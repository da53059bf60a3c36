#include "ouzel/spec/quantity.h"

#include <gtest/gtest.h>

namespace ouzel {
namespace {

using namespace std::chrono_literals;

TEST(Quantity, ReadsDurations) {
  EXPECT_EQ(*parse_duration("5ms"), 5ms);
  EXPECT_EQ(*parse_duration("1h30m"), 90min);
  EXPECT_EQ(*parse_duration("7d"), 168h);
  EXPECT_EQ(*parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(*parse_duration("250us"), 250us);
  EXPECT_EQ(*parse_duration("250µs"), 250us);
  EXPECT_EQ(*parse_duration("0"), 0ns);
  EXPECT_EQ(*parse_duration("PT1S"), 1s);
  EXPECT_EQ(*parse_duration("PT0.25S"), 250ms);
  EXPECT_EQ(*parse_duration("P1DT2H3M4S"), 26h + 3min + 4s);
  EXPECT_EQ(*parse_duration("P2W"), 336h);
}

TEST(Quantity, RefusesWhatIsNoDuration) {
  for (const char* text :
       {"", "5", "ms", "5 ms", "5x", "-5s", "1..5s", "1.s", "P", "PT", "P1Y", "P1M", "pt1s", "1e3s",
        "99999999999d", "0.0000000001s", "0.1ns", "P106752DT24H", "5s5"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Quantity, WritesDurationsInTheLargestWholeUnit) {
  EXPECT_EQ(format_duration(300s), "5m");
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(168h), "7d");
  EXPECT_EQ(format_duration(1500us), "1500us");
  EXPECT_EQ(format_duration(0ns), "0s");
}

TEST(Quantity, ReadsAndWritesSizes) {
  EXPECT_EQ(*parse_size("64KiB"), 65536U);
  EXPECT_EQ(*parse_size("10MB"), 10'000'000U);
  EXPECT_EQ(*parse_size("1.5 GiB"), 1'610'612'736U);
  EXPECT_EQ(*parse_size("123"), 123U);
  for (const char* text : {"", "K", "5K", "5Mi", "-1MiB", "1e6", "1.5B", "10000000TiB"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
  EXPECT_EQ(format_size(16 << 20), "16MiB");
  EXPECT_EQ(format_size(1000), "1000");
  EXPECT_EQ(format_size(0), "0");
}

TEST(Quantity, ReadsNumbers) {
  EXPECT_EQ(*parse_number("-1.5e3"), -1500.0);
  EXPECT_EQ(*parse_number("+2"), 2.0);
  for (const char* text : {"", "1,5", "nan", "inf", "0x10", "1 ", "1e999"}) {
    EXPECT_FALSE(parse_number(text)) << text;
  }
  EXPECT_EQ(*parse_integer("65536"), 65536U);
  for (const char* text : {"", "-1", "1.0", "1e3", "18446744073709551616"}) {
    EXPECT_FALSE(parse_integer(text)) << text;
  }
}

TEST(Quantity, SpeaksToPeople) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1'234'567), "1,234,567");
  EXPECT_EQ(format_about(340), "340 bytes");
  EXPECT_EQ(format_about(1'234), "1.2 kB");
  EXPECT_EQ(format_about(1'234'000'000), "1.2 GB");
  EXPECT_EQ(format_about(340'000'000), "340 MB");
}

}  // namespace
}  // namespace ouzel
