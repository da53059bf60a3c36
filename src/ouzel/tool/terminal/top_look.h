/// TopLook: what the person at `ouzel top` chose to look at, and the keys that change it.
/// A value; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ouzel {

enum class TopView : std::uint8_t { overview, lanes, stages, alerts };
inline constexpr std::size_t kTopViews = 4;

struct TopLook {
  TopView view = TopView::overview;
  bool paused = false;
  bool help = false;
  std::size_t scroll = 0;  ///< Rows of the view's list above its first row shown.
};

enum class TopWish : std::uint8_t { none, redraw, quit, suspend };

/// Applies the keys as a terminal sends them (arrows are escape sequences), and says what to do.
/// `page` is what PgUp and PgDn move.
TopWish press(TopLook& look, std::string_view keys, std::size_t page);

}  // namespace ouzel
