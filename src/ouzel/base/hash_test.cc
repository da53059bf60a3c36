#include "ouzel/base/hash.h"

#include <gtest/gtest.h>

namespace ouzel {
namespace {

// Values of org.apache.kafka.common.utils.UtilsTest.testMurmur2.
TEST(Murmur2, EqualsKafka) {
  const auto as_signed = [](std::string_view key) {
    return static_cast<std::int32_t>(murmur2(key));
  };
  EXPECT_EQ(as_signed("21"), -973932308);
  EXPECT_EQ(as_signed("foobar"), -790332482);
  EXPECT_EQ(as_signed("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(as_signed("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(as_signed("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(as_signed("abc"), 479470107);
}

// RFC 3720, appendix B.4.
TEST(Crc32c, EqualsTheRfc) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c("6789", crc32c("12345")), crc32c("123456789"));
}

TEST(Hash128, ReadsWhatItWrites) {
  for (const Hash128 hash : {Hash128{}, Hash128{1, 2}, hash128("press"), Hash128{~0ULL, 0}}) {
    EXPECT_EQ(parse_hash(to_string(hash)), hash);
  }
  const std::string text = to_string(hash128("press"));
  EXPECT_EQ(parse_hash(text.substr(1)), std::nullopt);
  EXPECT_EQ(parse_hash(text + "0"), std::nullopt);
  EXPECT_EQ(parse_hash("X" + text.substr(1)), std::nullopt);
  EXPECT_EQ(parse_hash("-" + text.substr(1)), std::nullopt);
  EXPECT_EQ(parse_hash(""), std::nullopt);
}

TEST(EventIdentity, KnowsWhereTheSourceEnds) {
  EXPECT_NE(event_identity("a", "bc"), event_identity("ab", "c"));
  EXPECT_NE(event_identity("", "a"), event_identity("a", ""));
  EXPECT_EQ(event_identity("/p", "1"), event_identity("/p", "1"));
}

}  // namespace
}  // namespace ouzel
