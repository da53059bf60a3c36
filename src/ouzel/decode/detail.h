/// Detail: the words that say why a row is not live: `name: expected what, got value`.
///
/// Always valid UTF-8 and of bounded length, whatever the event holds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "ouzel/decode/json_value.h"

namespace ouzel {

/// The longest part of a detail that comes from an event or a schema, in bytes.
inline constexpr std::size_t kDetailPartMax = 100;

/// The text, or as much of it as fits with an ellipsis behind it, cut between code points.
void append_cut(std::string& out, std::string_view text);
/// "an object", "an array", or the value as it stands in the JSON, cut.
void append_got(std::string& out, const JsonValue& value);

/// Sets `out` to `name: expected …, got …`.
void describe(std::string& out, std::string_view name, std::string_view expected,
              const JsonValue& got);
/// Sets `out` to `name: what`.
void describe(std::string& out, std::string_view name, std::string_view what);

/// The shortest decimal that reads back as `number`.
std::string shortest(double number);

}  // namespace ouzel
