#include "ouzel/http/host_guard.h"

#include <algorithm>
#include <optional>

namespace ouzel::http {
namespace {

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, std::min(host.find(']'), host.size() - 1) + 1);
  return host.substr(0, host.find(':'));
}

bool is_ipv4(std::string_view name) {
  return !name.empty() && std::count(name.begin(), name.end(), '.') == 3 &&
         name.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  const std::string_view name = without_port(host);
  if (name == "[::1]" || iequals(name, "localhost")) return true;
  if (is_ipv4(name)) return name.starts_with("127.");
  constexpr std::string_view kSuffix = ".localhost";
  return name.size() > kSuffix.size() &&
         iequals(name.substr(name.size() - kSuffix.size()), kSuffix);
}

bool is_address_host(std::string_view host) {
  const std::string_view name = without_port(host);
  return name.starts_with('[') || is_ipv4(name);
}

std::string refusal_on_loopback(Method method, std::string_view host,
                                std::optional<std::string_view> origin) {
  if (!host.empty() && !is_loopback_host(host) && !is_address_host(host)) {
    return "this server listens on loopback only, so the Host must be localhost or an address, "
           "got: " +
           std::string(host);
  }
  const bool reads = method == Method::get || method == Method::head || method == Method::options;
  if (reads || !origin) return {};
  const std::size_t scheme = origin->find("://");
  const std::string_view from =
      scheme == std::string_view::npos ? *origin : origin->substr(scheme + 3);
  if (is_loopback_host(from) || from == host) return {};
  return "a web page of another site may not write here: Origin " + std::string(*origin);
}

}  // namespace ouzel::http
