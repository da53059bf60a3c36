/// `address:port` of serve.listen.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ouzel/base/error.h"

namespace ouzel {

struct ListenAddress {
  std::string address;     ///< Without the brackets of an IPv6 address.
  std::uint16_t port = 0;  ///< 0: any free one.
};

/// `127.0.0.1:8080`, `localhost:8080`, `[::1]:8080`. Error config: not of this form, or not an
/// address of this machine alone: without TLS and tokens nothing else is safe.
Result<ListenAddress> parse_listen(std::string_view text);

}  // namespace ouzel
