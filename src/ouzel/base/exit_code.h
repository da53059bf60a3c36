/// How a command ends. Pure, but for stderr.
#pragma once

#include <string_view>

#include "ouzel/base/error.h"

namespace ouzel {

/// Exit codes of CONTRACT.md.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;  ///< Failed, or findings.
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnavailable = 69;  ///< A dependency cannot be reached.
inline constexpr int kExitBug = 70;
inline constexpr int kExitConfig = 78;  ///< Invalid or missing configuration.

/// Says on stderr why `ouzel <command>` failed; returns the exit code that fits.
int failed(std::string_view command, const Error& error);

}  // namespace ouzel
