#include "ouzel/pipeline/listen_address.h"

#include <charconv>

namespace ouzel {
namespace {

bool is_loopback(std::string_view address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

/// Four numbers of 0 to 255 with dots.
bool is_ipv4(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    std::uint8_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    if (part == 3) return text.empty();
    if (!text.starts_with('.')) return false;
    text.remove_prefix(1);
  }
  return false;
}

}  // namespace

Result<ListenAddress> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const auto bad = [] {
    return fail(ErrorCode::config, "is not an address and port such as 127.0.0.1:8080");
  };
  if (colon == std::string_view::npos) return bad();
  std::string_view address = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  ListenAddress out;
  const auto read = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (read.ec != std::errc() || read.ptr != port.data() + port.size()) return bad();
  const bool v6 = address.starts_with('[') && address.ends_with(']');
  if (v6) address = address.substr(1, address.size() - 2);
  const bool known =
      v6 ? address.find(':') != std::string_view::npos : is_ipv4(address) || address == "localhost";
  if (!known) return bad();
  if (!is_loopback(address)) {
    return fail(ErrorCode::config,
                "can be reached from other machines; that needs TLS and tokens, which are not in "
                "this build");
  }
  out.address = std::string(address);
  return out;
}

}  // namespace ouzel
