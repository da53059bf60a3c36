/// Base64 (RFC 4648, padded, no line breaks). Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace ouzel {

void append_base64(std::string& out, std::string_view bytes);
/// Resolves `text` into `out`; false if it is no base64.
bool decode_base64(std::string_view text, std::string& out);

}  // namespace ouzel
