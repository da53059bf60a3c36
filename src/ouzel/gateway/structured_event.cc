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

/// What needs no escaping in JSON: visible ASCII and blanks without `"` and `\`.
void append_text(std::string& out, std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
  });
  if (!plain) return http::append_json(out, text);
  out += '"';
  out.append(text);
  out += '"';
}

}  // namespace

bool StructuredEvent::reserved(std::string_view name) {
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

void StructuredEvent::attribute(std::string_view name, std::string_view text) {
  append_text(out_, name);
  out_ += ':';
  append_text(out_, text);
  out_ += ',';
}

std::optional<BinaryFault> StructuredEvent::end(std::string_view type, std::string_view bytes) {
  if (!type.empty()) attribute("datacontenttype", type);
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
