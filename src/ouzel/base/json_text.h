/// Writes text as a JSON string. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ouzel {

/// Which control characters get a letter, as in `\n`; all others are \u00xx. What was written in
/// either way stands on disk or is compared byte by byte, so no writer may change its own.
enum class JsonLetters : std::uint8_t { none, newline, newline_tab };

/// With its quotes. Bytes that are not UTF-8 are left as they are.
void append_json_text(std::string& out, std::string_view text, JsonLetters letters);

}  // namespace ouzel
