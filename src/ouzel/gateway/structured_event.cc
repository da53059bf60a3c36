#include "ouzel/gateway/structured_event.h"

#include <algorithm>
#include <array>

#include "ouzel/decode/base64.h"
#include "ouzel/decode/cloud_event.h"
#include "ouzel/decode/split.h"
#include "ouzel/http/message.h"

namespace ouzel {
namespace {

constexpr std::array<std::string_view, 3> kReserved = {"datacontenttype", "data", "data_base64"};

/// What needs no escaping in JSON, and is UTF-8: visible ASCII and blanks without `"` and `\`.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> out{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) out[c] = c != '"' && c != '\\';
  return out;
}();

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return kPlain[static_cast<unsigned char>(c)]; });
}

}  // namespace

bool StructuredEvent::reserved(std::string_view name) {
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

bool StructuredEvent::attribute(std::string_view name, std::string_view text) {
  if (is_plain(name) && is_plain(text)) {
    out_ += '"';
    out_.append(name).append("\":\"").append(text).append("\",");
    return true;
  }
  if (!http::is_utf8(name) || !http::is_utf8(text)) return false;
  http::append_json(out_, name);
  out_ += ':';
  http::append_json(out_, text);
  out_ += ',';
  return true;
}

std::optional<BinaryFault> StructuredEvent::end(std::string_view type, std::string_view bytes) {
  if (!type.empty() && !attribute("datacontenttype", type)) {
    return BinaryFault{.detail = "content-type: not UTF-8"};
  }
  if (auto fault = data(type, bytes)) return fault;
  out_.back() = '}';  // A comma stands there: at least one attribute was written.
  return std::nullopt;
}

std::optional<BinaryFault> StructuredEvent::data(std::string_view type, std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  if (type.empty() || is_json_media_type(type)) {
    // The bytes stand in the event's object as they are; what closed that object would be taken
    // for attributes.
    if (!is_one_json_value(bytes)) return BinaryFault{.fate = Fate::malformed, .detail = {}};
    out_.append("\"data\":").append(bytes);
  } else if (http::is_utf8(bytes)) {
    out_ += "\"data\":";
    http::append_json(out_, bytes);
  } else {
    out_ += "\"data_base64\":\"";
    append_base64(out_, bytes);
    out_ += '"';
  }
  out_ += ',';
  return std::nullopt;
}

}  // namespace ouzel
