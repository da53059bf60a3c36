#include "ouzel/gateway/binary_event.h"

#include <algorithm>
#include <array>

#include "ouzel/decode/cloud_event.h"
#include "ouzel/decode/split.h"

namespace ouzel {
namespace {

constexpr std::string_view kPrefix = "ce-";
/// What binary mode says in another way, so that it must not stand in a field of its own.
constexpr std::array<std::string_view, 3> kReserved = {"datacontenttype", "data", "data_base64"};

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

std::optional<BinaryFault> write_attribute(std::string& out, std::string_view field_name,
                                           std::string_view field) {
  const std::size_t begin = out.size() + 1;
  out += '"';
  for (const char c : field_name.substr(kPrefix.size())) out += lower(c);
  const std::string_view name = std::string_view(out).substr(begin);
  if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) {
    return broken(name, "not a field of binary mode; the Content-Type and the body say it");
  }
  if (is_plain(field)) {
    out.append("\":\"").append(field).append("\",");
    return std::nullopt;
  }
  const auto value = decode_attribute(field);
  if (!value) return broken(name, value.error().message);
  out += "\":";
  http::append_json(out, *value);
  out += ',';
  return std::nullopt;
}

void append_base64(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view some = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8 | (i < some.size() ? static_cast<unsigned char>(some[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= some.size() ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
    }
  }
}

std::optional<BinaryFault> write_data(std::string& out, std::string_view type,
                                      std::string_view body) {
  if (body.empty()) return std::nullopt;
  if (type.empty() || is_json_media_type(type)) {
    // The body stands in the event's object as it is; what closed that object would be taken for
    // attributes.
    if (!is_one_json_value(body)) return BinaryFault{.fate = Fate::malformed, .detail = {}};
    out.append("\"data\":").append(body);
  } else if (http::is_utf8(body)) {
    out += "\"data\":";
    http::append_json(out, body);
  } else {
    out += "\"data_base64\":\"";
    append_base64(out, body);
    out += '"';
  }
  out += ',';
  return std::nullopt;
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
  out += '{';
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto [name, field] = headers[i];
    if (!is_attribute(name)) continue;
    if (auto fault = write_attribute(out, name, field)) return fault;
  }
  const std::string_view type = headers.get("Content-Type");
  if (!type.empty()) {
    if (!http::is_utf8(type)) return BinaryFault{.detail = "Content-Type: not UTF-8"};
    out += "\"datacontenttype\":";
    http::append_json(out, type);
    out += ',';
  }
  if (auto fault = write_data(out, type, body)) return fault;
  out.back() = '}';  // A comma stands there: at least one attribute was written.
  return std::nullopt;
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
