#include "ouzel/gateway/binary_event.h"

#include <algorithm>

namespace ouzel {
namespace {

constexpr std::string_view kPrefix = "ce-";
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool is_attribute(std::string_view field_name) {
  return field_name.size() > kPrefix.size() && field_name[2] == '-' &&
         lower(field_name[0]) == 'c' && lower(field_name[1]) == 'e';
}

std::optional<BinaryFault> broken(std::string_view name, std::string_view what) {
  return BinaryFault{.detail = "ce-" + std::string(name) + ": " + std::string(what)};
}

/// The text of a quoted string (RFC 9110, section 5.6.4); anything else as it is.
std::string unquoted(std::string_view field) {
  if (field.size() < 2 || field.front() != '"' || field.back() != '"') return std::string(field);
  field = field.substr(1, field.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 1 < field.size()) ++i;
    out += field[i];
  }
  return out;
}

/// What needs neither decoding nor escaping: visible ASCII without `"`, `%` and `\`.
bool is_plain(std::string_view field) {
  return std::all_of(field.begin(), field.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != '%' && c != '\\';
  });
}

std::optional<BinaryFault> write_attribute(StructuredEvent& out, std::string_view field_name,
                                           std::string_view field) {
  std::string name(field_name.substr(kPrefix.size()));
  for (char& c : name) c = lower(c);
  if (StructuredEvent::reserved(name)) {
    return broken(name, "not a field of binary mode; the Content-Type and the body say it");
  }
  if (is_plain(field)) {
    if (out.attribute(name, field)) return std::nullopt;
    return broken(name, "not UTF-8");
  }
  const auto value = decode_attribute(field);
  if (!value) return broken(name, value.error().message);
  if (out.attribute(name, *value)) return std::nullopt;
  return broken(name, "not UTF-8");
}

}  // namespace

bool is_binary_event(const http::Headers& headers) {
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const std::string_view name = headers[i].first;
    if (!is_attribute(name)) continue;
    for (const char* required : {"ce-specversion", "ce-id", "ce-source", "ce-type"}) {
      if (http::iequals(name, required)) return true;
    }
  }
  return false;
}

std::optional<BinaryFault> write_structured(std::string& out, const http::Headers& headers,
                                            std::string_view body) {
  StructuredEvent event(out);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto [name, field] = headers[i];
    if (!is_attribute(name)) continue;
    if (auto fault = write_attribute(event, name, field)) return fault;
  }
  return event.end(headers.get("Content-Type"), body);
}

Result<std::string> decode_attribute(std::string_view field) {
  auto text = http::percent_decode(unquoted(field), false);
  if (!text) {
    return fail(ErrorCode::config,
                "a % needs two hexadecimal digits behind it (a % itself is %25)");
  }
  if (!http::is_utf8(*text)) return fail(ErrorCode::config, "not UTF-8 when percent-decoded");
  return *std::move(text);
}

std::string encode_attribute(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (c > 0x20 && c < 0x7f && c != '"' && c != '%') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return out;
}

}  // namespace ouzel
