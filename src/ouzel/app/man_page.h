/// The manual page, made of the described commands. A pure function; any thread.
#pragma once

#include <string>
#include <string_view>

#include "ouzel/app/command_line.h"

namespace ouzel {

/// In the man macros of roff. `exit_codes` has a code, spaces and its meaning a line.
std::string man_page(const CommandLine& line, std::string_view version,
                     std::string_view exit_codes);

}  // namespace ouzel
