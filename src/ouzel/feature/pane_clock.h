/// PaneClock: which panes of event time a key's window over a span holds.
///
/// Event time is cut into panes of width = span / 16 (rounded up to a nanosecond), pane number =
/// floor(time / width). The window is the pane of the key's newest event and the 16 before it: all
/// panes that end within the last `span`. So it holds every value of the last span and none older
/// than 17/16 of it. A late event goes to its own pane; if that has left the window, the window
/// stays as it is. The key's newest event time counts every event, with or without the field.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ouzel {

inline constexpr std::size_t kPanes = 17;

class PaneWidth {
 public:
  explicit PaneWidth(std::chrono::nanoseconds span)
      : ns_(span.count() / 16 + (span.count() % 16 > 0 ? 1 : 0)) {}
  std::int64_t pane(std::int64_t time_ns) const {
    return time_ns / ns_ - (time_ns % ns_ < 0 ? 1 : 0);
  }
  /// Nanoseconds since the pane of that time began. (It may have begun before the least time.)
  std::uint64_t since_begin(std::int64_t time_ns, std::int64_t pane) const {
    return static_cast<std::uint64_t>(time_ns) -
           static_cast<std::uint64_t>(pane) * static_cast<std::uint64_t>(ns_);
  }
  std::int64_t ns() const { return ns_; }

 private:
  std::int64_t ns_;
};

/// Where a pane's share of the window stands: 0 to kPanes - 1.
inline std::size_t pane_place(std::int64_t pane) {
  constexpr auto kCount = static_cast<std::int64_t>(kPanes);
  const std::int64_t rest = pane % kCount;
  return static_cast<std::size_t>(rest < 0 ? rest + kCount : rest);
}

/// State of one key, all zero at first.
struct PaneClock {
  std::int64_t newest;   ///< Number of the newest pane.
  std::uint64_t events;  ///< Of the key; 0: `newest` says nothing yet.

  /// How many panes `pane`, which is not behind the newest, is before it.
  std::uint64_t age(std::int64_t pane) const {
    return static_cast<std::uint64_t>(newest) - static_cast<std::uint64_t>(pane);
  }
  /// After `advance(pane)`.
  bool holds(std::int64_t pane) const { return age(pane) < kPanes; }

  /// For each event, with its pane. True if `newest` moved on; clear(place) was called for each
  /// place whose pane left the window.
  template <class Clear>
  bool advance(std::int64_t pane, Clear clear) {
    if (events++ == 0) {
      newest = pane;
      return false;
    }
    if (pane <= newest) return false;
    const std::uint64_t steps =
        static_cast<std::uint64_t>(pane) - static_cast<std::uint64_t>(newest);
    if (steps >= kPanes) {
      for (std::size_t place = 0; place < kPanes; ++place) clear(place);
    } else {
      for (std::int64_t fresh = newest + 1; fresh <= pane; ++fresh) clear(pane_place(fresh));
    }
    newest = pane;
    return true;
  }
};

}  // namespace ouzel
