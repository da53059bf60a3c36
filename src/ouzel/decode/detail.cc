#include "ouzel/decode/detail.h"

#include <array>
#include <charconv>

namespace ouzel {

void append_cut(std::string& out, std::string_view text) {
  if (text.size() <= kDetailPartMax) {
    out.append(text);
    return;
  }
  std::size_t end = kDetailPartMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  out.append(text.substr(0, end)).append("…");
}

void append_got(std::string& out, const JsonValue& value) {
  if (value.is(JsonValue::Kind::object)) {
    out.append("an object");
  } else if (value.is(JsonValue::Kind::array)) {
    out.append("an array");
  } else {
    append_cut(out, value.token);
  }
}

void describe(std::string& out, std::string_view name, std::string_view expected,
              const JsonValue& got) {
  out.clear();
  append_cut(out, name);
  out.append(": expected ");
  append_cut(out, expected);
  out.append(", got ");
  append_got(out, got);
}

void describe(std::string& out, std::string_view name, std::string_view what) {
  out.clear();
  append_cut(out, name);
  out.append(": ");
  append_cut(out, what);
}

std::string shortest(double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return {text.data(), end};
}

}  // namespace ouzel
