#include "ouzel/egress/address_guard.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace ouzel {
namespace {

std::uint32_t ipv4(std::string_view address) {
  std::uint32_t out = 0;
  for (const char c : address) out = out << 8 | static_cast<unsigned char>(c);
  return out;
}

std::string refused_ipv4(std::string_view address) {
  const std::uint32_t number = ipv4(address);
  constexpr std::uint32_t kLinkLocal = 0xa9fe0000;  // /16
  constexpr std::array<std::uint32_t, 3> kMetadata = {0x646464c8, 0xa83f8110, 0xc00000c0};
  if ((number & 0xffff0000) == kLinkLocal) return "a link-local address";
  const bool metadata = std::find(kMetadata.begin(), kMetadata.end(), number) != kMetadata.end();
  return metadata ? "a cloud's metadata address" : "";
}

}  // namespace

std::string refused_address(std::string_view address) {
  using std::string_view_literals::operator""sv;
  if (address.size() == 4) return refused_ipv4(address);
  if (address.size() != 16) return "not an internet address";
  constexpr std::string_view kMetadata = "\xfd\x00\x0e\xc2\0\0\0\0\0\0\0\0\0\0\x02\x54"sv;
  constexpr std::string_view kMapped = "\0\0\0\0\0\0\0\0\0\0\xff\xff"sv;
  constexpr std::string_view kCompatible = "\0\0\0\0\0\0\0\0\0\0\0\0"sv;
  constexpr std::string_view kNat64 = "\0\x64\xff\x9b\0\0\0\0\0\0\0\0"sv;
  if (address[0] == '\xfe' && (address[1] & '\xc0') == '\x80') return "a link-local address";
  if (address == kMetadata) return "a cloud's metadata address";
  for (const std::string_view prefix : {kMapped, kCompatible, kNat64}) {
    if (address.starts_with(prefix)) return refused_ipv4(address.substr(prefix.size()));
  }
  return "";
}

std::string refused_host(const std::string& host) {
  std::array<char, 16> bytes{};
  if (::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1) {
    return refused_address({bytes.data(), 4});
  }
  if (::inet_pton(AF_INET6, host.c_str(), bytes.data()) != 1) return "";
  return refused_address({bytes.data(), 16});
}

}  // namespace ouzel
