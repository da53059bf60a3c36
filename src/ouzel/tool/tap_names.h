/// The names that the lines of a topic have, so that a misspelt one in `--where` or `--columns` is
/// told from one that only this line lacks. Pure.
#pragma once

#include <optional>
#include <string>

#include "ouzel/tool/tap.h"

namespace ouzel {

/// What is wrong with the first path that no line of the topic can have, with the nearest that one
/// can; nullopt: nothing. All paths of `events` are good: an event's attributes and data are its
/// sender's.
std::optional<std::string> unknown_name(const TapOptions& options);

}  // namespace ouzel
