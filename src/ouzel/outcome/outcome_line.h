/// The line of an outcome made of its attributes and its data, which travel apart in the binary
/// mode of CloudEvents. The same bytes as `render` (outcome.h) gives.
#pragma once

#include <string>
#include <string_view>

namespace ouzel {

/// Views.
struct OutcomeAttributes {
  std::string_view id, source;
  std::string_view time;  ///< RFC 3339; empty: the event has none.
};

/// Appends the line, without its end.
void render_line(std::string& out, const OutcomeAttributes& attributes, std::string_view data);

}  // namespace ouzel
