#include "ouzel/egress/sink_spec.h"

#include <algorithm>

namespace ouzel {
namespace {

/// What stands between `://` and the path; empty without a scheme.
std::string_view authority_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  return url.substr(0, url.find_first_of("/?#"));
}

}  // namespace

std::string_view to_string(SinkSpec::Kind kind) {
  switch (kind) {
    case SinkSpec::Kind::webhook: return "webhook";
    case SinkSpec::Kind::http: return "http";
    case SinkSpec::Kind::file: return "file";
  }
  return "";
}

std::string sink_name(const SinkSpec& spec) {
  return spec.name.empty() ? std::string(to_string(spec.kind())) : spec.name;
}

std::string origin_of(std::string_view url) {
  std::string_view authority = authority_of(url);
  const std::size_t user = authority.rfind('@');
  if (user != std::string_view::npos) authority.remove_prefix(user + 1);
  return std::string(url.substr(0, url.find("://"))) + "://" + std::string(authority);
}

std::string host_of(std::string_view url) {
  std::string_view authority = authority_of(url);
  const std::size_t user = authority.rfind('@');
  if (user != std::string_view::npos) authority.remove_prefix(user + 1);
  std::string host;
  if (authority.starts_with('[')) {
    host = authority.substr(1, authority.find(']') - 1);
  } else {
    host = authority.substr(0, authority.find(':'));
  }
  std::transform(host.begin(), host.end(), host.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return host;
}

}  // namespace ouzel
