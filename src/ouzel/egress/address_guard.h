/// Which addresses a receiver must not have: link-local ones, and where clouds answer with a
/// machine's own credentials. A receiver's name is the pipeline's, but what it resolves to is not.
///
/// Sources: RFC 3927 (169.254.0.0/16), RFC 4291 (fe80::/10), and the metadata addresses that the
/// clouds' own documents give: 169.254.169.254, fd00:ec2::254, 100.100.100.200, 168.63.129.16,
/// 192.0.0.192.
#pragma once

#include <string>
#include <string_view>

namespace ouzel {

/// `address`: the 4 or 16 bytes of an IPv4 or IPv6 address. Returns why it is refused, or nothing.
/// IPv4 addresses inside IPv6 ones (mapped, compatible, NAT64) are judged as themselves.
std::string refused_address(std::string_view address);
/// The same of a URL's host, if that is written as an address; of a name nothing is known yet.
std::string refused_host(const std::string& host);

}  // namespace ouzel
