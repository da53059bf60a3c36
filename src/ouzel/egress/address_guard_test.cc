#include "ouzel/egress/address_guard.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>

namespace ouzel {
namespace {

std::string judged(const char* text) {
  std::array<char, 16> bytes{};
  if (::inet_pton(AF_INET, text, bytes.data()) == 1) return refused_address({bytes.data(), 4});
  EXPECT_EQ(::inet_pton(AF_INET6, text, bytes.data()), 1) << text;
  return refused_address({bytes.data(), 16});
}

TEST(AddressGuard, RefusesLinkLocalAndMetadata) {
  for (const char* text :
       {"169.254.169.254", "169.254.0.1", "fe80::1", "febf::1", "fd00:ec2::254", "100.100.100.200",
        "168.63.129.16", "192.0.0.192", "::ffff:169.254.169.254", "::169.254.169.254",
        "64:ff9b::169.254.169.254"}) {
    EXPECT_NE(judged(text), "") << text;
  }
}

TEST(AddressGuard, LetsTheRestPass) {
  for (const char* text : {"127.0.0.1", "10.0.0.1", "192.168.1.1", "169.253.255.255", "8.8.8.8",
                           "::1", "fec0::1", "fd00::1", "2001:db8::1", "::ffff:127.0.0.1"}) {
    EXPECT_EQ(judged(text), "") << text;
  }
}

TEST(AddressGuard, RefusesWhatIsNoInternetAddress) { EXPECT_NE(refused_address(""), ""); }

}  // namespace
}  // namespace ouzel
