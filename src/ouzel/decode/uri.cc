#include "ouzel/decode/uri.h"

#include <algorithm>
#include <charconv>

namespace ouzel {
namespace {

struct Uri {
  std::string_view scheme, authority, path, query;
  bool has_authority = false;
  bool has_query = false;
};

/// RFC 3986, appendix B, without the fragment.
Uri parse(std::string_view text) {
  Uri out;
  text = text.substr(0, text.find('#'));
  const std::size_t colon = text.find_first_of(":/?");
  if (colon != std::string_view::npos && colon > 0 && text[colon] == ':') {
    out.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    const std::size_t end = std::min(text.find_first_of("/?", 2), text.size());
    out.authority = text.substr(2, end - 2);
    out.has_authority = true;
    text.remove_prefix(end);
  }
  const std::size_t mark = text.find('?');
  out.path = text.substr(0, mark);
  out.has_query = mark != std::string_view::npos;
  if (out.has_query) out.query = text.substr(mark + 1);
  return out;
}

/// RFC 3986, 5.2.4.
std::string without_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    if (path.starts_with("../")) {
      path.remove_prefix(3);
    } else if (path.starts_with("./") || path.starts_with("/./")) {
      path.remove_prefix(2);
    } else if (path == "/." || path == "/..") {
      if (path == "/..") out.erase(std::min(out.rfind('/'), out.size()));
      path = "/";
      out.push_back('/');
      break;
    } else if (path.starts_with("/../")) {
      path.remove_prefix(3);
      out.erase(std::min(out.rfind('/'), out.size()));
    } else if (path == "." || path == "..") {
      break;
    } else {
      const std::size_t end = std::min(path.find('/', 1), path.size());
      out.append(path.substr(0, end));
      path.remove_prefix(end);
    }
  }
  return out;
}

std::string merged_path(const Uri& base, std::string_view path) {
  if (base.has_authority && base.path.empty()) return "/" + std::string(path);
  const std::size_t slash = base.path.rfind('/');
  const std::string_view folder =
      slash == std::string_view::npos ? std::string_view() : base.path.substr(0, slash + 1);
  return std::string(folder).append(path);
}

}  // namespace

std::string resolve_uri(std::string_view base, std::string_view reference) {
  const Uri from = parse(base);
  const Uri to = parse(reference);
  Uri target = to;
  std::string path(to.path);
  if (!to.scheme.empty() || to.has_authority) {
    path = without_dots(path);
  } else if (to.path.empty()) {
    path = from.path;
    if (!to.has_query) {
      target.query = from.query;
      target.has_query = from.has_query;
    }
  } else {
    path = without_dots(path.starts_with('/') ? path : merged_path(from, path));
  }
  if (to.scheme.empty()) {
    target.scheme = from.scheme;
    if (!to.has_authority) {
      target.authority = from.authority;
      target.has_authority = from.has_authority;
    }
  }
  std::string out;
  if (!target.scheme.empty()) out.append(target.scheme).append(":");
  if (target.has_authority) out.append("//").append(target.authority);
  out.append(path);
  if (target.has_query) out.append("?").append(target.query);
  return out;
}

std::string_view fragment_of(std::string_view uri) {
  const std::size_t mark = uri.find('#');
  return mark == std::string_view::npos ? std::string_view() : uri.substr(mark + 1);
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    unsigned char byte = 0;
    const char* const end = text.data() + i + 3;
    const auto read = std::from_chars(text.data() + i + 1, end, byte, 16);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return out;
}

}  // namespace ouzel
