#include "ouzel/feature/time_zone.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "ouzel/base/random.h"

namespace ouzel {
namespace {

using namespace std::chrono;

std::int64_t utc(int y, unsigned m, unsigned d, int h = 0, int minute = 0, int s = 0) {
  return seconds(sys_days(year(y) / month(m) / day(d)).time_since_epoch()).count() + h * 3600 +
         minute * 60 + s;
}

std::int32_t offset(std::string_view rule, std::int64_t at) {
  const auto parsed = parse_yearly_rule(rule);
  EXPECT_TRUE(parsed.has_value()) << rule;
  return parsed ? parsed->offset_at(at) : 0;
}

TEST(YearlyRule, ChangesAtTheSecondOnBothHemispheres) {
  const char* const berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
  EXPECT_EQ(offset(berlin, utc(2026, 3, 29, 0, 59, 59)), 3600);
  EXPECT_EQ(offset(berlin, utc(2026, 3, 29, 1)), 7200);
  EXPECT_EQ(offset(berlin, utc(2026, 10, 25, 0, 59, 59)), 7200);
  EXPECT_EQ(offset(berlin, utc(2026, 10, 25, 1)), 3600);
  const char* const sydney = "AEST-10AEDT,M10.1.0,M4.1.0/3";
  EXPECT_EQ(offset(sydney, utc(2026, 4, 4, 15, 59, 59)), 11 * 3600);
  EXPECT_EQ(offset(sydney, utc(2026, 4, 4, 16)), 10 * 3600);
  EXPECT_EQ(offset(sydney, utc(2026, 10, 3, 15, 59, 59)), 10 * 3600);
  EXPECT_EQ(offset(sydney, utc(2026, 10, 3, 16)), 11 * 3600);
  EXPECT_EQ(offset(sydney, utc(2026, 12, 31, 23)), 11 * 3600);
}

TEST(YearlyRule, ReadsAllForms) {
  EXPECT_EQ(offset("UTC0", 0), 0);
  EXPECT_EQ(offset("<+0545>-5:45", 0), 5 * 3600 + 45 * 60);
  EXPECT_EQ(offset("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", utc(2026, 7, 1)), -2 * 3600);  // Nuuk
  EXPECT_EQ(offset("EST5EDT,J60/0,J300/0", utc(2024, 3, 1, 4, 59)), -5 * 3600);
  EXPECT_EQ(offset("EST5EDT,J60/0,J300/0", utc(2024, 3, 1, 5)), -4 * 3600);
  EXPECT_EQ(offset("EST5EDT,59/0,300/0", utc(2024, 2, 29, 5)), -4 * 3600);
  EXPECT_EQ(offset("XXX3EDT4,0/0,J365/23", utc(2026, 1, 1, 4)), -4 * 3600);  // Summer all year.
  for (const char* const bad :
       {"", "A", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0x",
        "<CET-1", "CET-99", "CET-1CEST,J0,J1", "CET-1:60", "CET-1CEST,M3.5.0/168,M10.5.0"}) {
    EXPECT_FALSE(parse_yearly_rule(bad).has_value()) << bad;
  }
}

std::string number(std::uint64_t value, std::size_t size) {
  std::string out;
  while (size-- > 0) out.push_back(static_cast<char>(value >> (8 * size)));
  return out;
}

std::string header(std::uint32_t changes, std::uint32_t kinds, std::uint32_t leaps = 0) {
  return "TZif2" + std::string(15, '\0') + number(0, 4) + number(0, 4) + number(leaps, 4) +
         number(changes, 4) + number(kinds, 4) + number(4, 4);
}

/// Standard time +1 h; from 1000 on +2 h; from 2000 on as the rule says.
std::string zone_file(const std::string& rule = "CET-1") {
  const std::string kinds = number(3600, 4) + number(0, 2) + number(7200, 4) + number(0x100, 2);
  return header(0, 1) + number(0, 4) + number(0, 2) + "UTC" + number(0, 1) + header(2, 2) +
         number(1000, 8) + number(2000, 8) + number(1, 1) + number(0, 1) + kinds + "CET" +
         number(0, 1) + "\n" + rule + "\n";
}

TEST(TimeZone, FollowsItsChangesAndThenItsRule) {
  const auto zone = TimeZone::parse(zone_file("CET-3"));
  ASSERT_TRUE(zone.has_value()) << zone.error().message;
  EXPECT_EQ(zone->offset_at(-1'000'000'000'000), 3600);
  EXPECT_EQ(zone->offset_at(999), 3600);
  EXPECT_EQ(zone->offset_at(1000), 7200);
  EXPECT_EQ(zone->offset_at(1999), 7200);
  EXPECT_EQ(zone->offset_at(2000), 3 * 3600);
  const auto without = TimeZone::parse(zone_file(""));
  ASSERT_TRUE(without.has_value());
  EXPECT_EQ(without->offset_at(5000), 3600);
}

TEST(TimeZone, RefusesWhatIsNoSuchFile) {
  const std::string good = zone_file();
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(TimeZone::parse(good.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(TimeZone::parse(zone_file("nonsense")).has_value());
  std::string version = good;
  version[4] = '1';
  EXPECT_FALSE(TimeZone::parse(version).has_value());
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {  // Any bytes may come: no crash, whatever the answer.
    std::string bytes = good;
    for (int n = 0; n < 3; ++n) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.bits());
    }
    if (const auto zone = TimeZone::parse(bytes)) zone->offset_at(utc(2026, 1, 1));
  }
}

TEST(TimeZone, NamesStayInsideTheDatabase) {
  for (const char* const good :
       {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+3"}) {
    EXPECT_EQ(zone_name_error(good), "") << good;
  }
  for (const char* const bad : {"", "/etc/passwd", "../x", "Europe/../../x", "a b", "x.y"}) {
    EXPECT_NE(zone_name_error(bad), "") << bad;
  }
}

}  // namespace
}  // namespace ouzel
