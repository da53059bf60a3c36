/// One JSON value as the reader of the bytes (decoder.cc) hands it to those who judge it. Views
/// live as long as the event being decoded.
#pragma once

#include <cstdint>
#include <string_view>

namespace ouzel {

struct JsonValue {
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
  Kind kind = Kind::null;
  std::string_view token;  ///< As it stands in the JSON; of an array or object its bracket.
  std::string_view text;   ///< Of a string: what it says, escapes resolved.
  double number = 0;       ///< Of a number (±inf: beyond a double) or of a boolean (0, 1).

  bool is(Kind wanted) const { return kind == wanted; }
  /// Of a number: written without point and exponent.
  bool integral_text() const { return token.find_first_of(".eE") == std::string_view::npos; }
};

}  // namespace ouzel
