/// What must be right with a file's bytes before its grammar is looked at.
#pragma once

#include <cstdint>
#include <string_view>

#include "ouzel/spec/finding.h"

namespace ouzel {

/// Checks size, UTF-8 (RFC 3629), control characters, tabs in indentation, and that there is
/// something at all. False if it makes no sense to go on.
bool check_document_text(std::string_view text, std::uint16_t source, Findings& findings);

bool valid_utf8(std::string_view text);

/// Code points in the first `bytes` bytes of a valid UTF-8 line.
std::uint32_t code_points(std::string_view line, std::size_t bytes);

}  // namespace ouzel
