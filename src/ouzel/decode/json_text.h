/// Writes text as a JSON string of an event, as it stands on disk. Pure.
#pragma once

#include <string>
#include <string_view>

#include "ouzel/base/json_text.h"

namespace ouzel {

/// With its quotes. Bytes that are not UTF-8 are left as they are: a decoder refuses them.
inline void append_json_text(std::string& out, std::string_view text) {
  append_json_text(out, text, JsonLetters::none);
}

}  // namespace ouzel
