/// Writes text as a JSON string. Pure.
#pragma once

#include <string>
#include <string_view>

namespace ouzel {

/// With its quotes. Bytes that are not UTF-8 are left as they are: a decoder refuses them.
void append_json_text(std::string& out, std::string_view text);

}  // namespace ouzel
