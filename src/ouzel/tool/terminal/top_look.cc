#include "ouzel/tool/terminal/top_look.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ouzel {
namespace {

enum class Key : std::uint8_t { up, down, left, right, page_up, page_down, home, end, other };

/// Takes one key off the front. What begins with ESC and is no known sequence is `other` as a
/// whole, so that its letters are not taken for commands.
Key take_sequence(std::string_view& keys) {
  static constexpr std::array<std::pair<std::string_view, Key>, 15> kSequences = {
      {{"\x1b[A", Key::up},
       {"\x1bOA", Key::up},
       {"\x1b[B", Key::down},
       {"\x1bOB", Key::down},
       {"\x1b[C", Key::right},
       {"\x1bOC", Key::right},
       {"\x1b[D", Key::left},
       {"\x1bOD", Key::left},
       {"\x1b[Z", Key::left},
       {"\x1b[5~", Key::page_up},
       {"\x1b[6~", Key::page_down},
       {"\x1b[H", Key::home},
       {"\x1bOH", Key::home},
       {"\x1b[F", Key::end},
       {"\x1bOF", Key::end}}};
  for (const auto& [bytes, key] : kSequences) {
    if (!keys.starts_with(bytes)) continue;
    keys.remove_prefix(bytes.size());
    return key;
  }
  const std::size_t end = keys.find('\x1b', 1);
  keys.remove_prefix(std::min(end, keys.size()));
  return Key::other;
}

Key key_of(char letter) {
  switch (letter) {
    case 'k': return Key::up;
    case 'j': return Key::down;
    case 'h': return Key::left;
    case 'l':
    case '\t': return Key::right;
    case 'g': return Key::home;
    case 'G': return Key::end;
    default: return Key::other;
  }
}

void turn(TopLook& look, std::size_t by) {
  look.view = static_cast<TopView>((static_cast<std::size_t>(look.view) + by) % kTopViews);
  look.scroll = 0;
}

void move(TopLook& look, Key key, std::size_t page) {
  constexpr std::size_t kFar = 1 << 20;  // The view stops at its last row.
  switch (key) {
    case Key::up: look.scroll -= std::min<std::size_t>(look.scroll, 1); break;
    case Key::down: look.scroll = std::min(look.scroll + 1, kFar); break;
    case Key::page_up: look.scroll -= std::min(look.scroll, page); break;
    case Key::page_down: look.scroll = std::min(look.scroll + page, kFar); break;
    case Key::home: look.scroll = 0; break;
    case Key::end: look.scroll = kFar; break;
    case Key::left: turn(look, kTopViews - 1); break;
    case Key::right: turn(look, 1); break;
    case Key::other: break;
  }
}

}  // namespace

TopWish press(TopLook& look, std::string_view keys, std::size_t page) {
  constexpr char kControlZ = 0x1a;
  TopWish wish = TopWish::none;
  while (!keys.empty()) {
    wish = TopWish::redraw;
    const char letter = keys.front();
    if (letter == '\x1b') {
      const bool alone = keys.size() == 1;
      const Key key = take_sequence(keys);
      if (look.help && alone) look.help = false;
      move(look, key, page);
      continue;
    }
    keys.remove_prefix(1);
    if (letter == 'q' || letter == 'Q') return TopWish::quit;
    if (letter == kControlZ) return TopWish::suspend;
    if (letter == '?') look.help = !look.help;
    if (letter == 'p' || letter == ' ') look.paused = !look.paused;
    if (letter >= '1' && letter < static_cast<char>('1' + kTopViews)) {
      look.view = static_cast<TopView>(letter - '1');
      look.scroll = 0;
    }
    move(look, key_of(letter), page);
  }
  return wish;
}

}  // namespace ouzel
