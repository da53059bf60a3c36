/// Painter: lines of a picture for the terminal, none wider and no more than it has room for; the
/// screen's last line is kept for a foot.
/// A value; one thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ouzel/tool/terminal/terminal.h"

namespace ouzel {

/// As printf, cut to 511 bytes.
[[gnu::format(printf, 1, 2)]] std::string printed(const char* form, ...);
/// Text from outside without anything that could move the cursor or be more than a column wide.
std::string clean(std::string_view from);
/// Columns that a line takes on the screen, escape sequences not counted. All that we draw is one
/// column wide; what comes from outside is cleaned first.
std::size_t columns_of(std::string_view line);

class Painter {
 public:
  /// At least one row.
  Painter(TerminalSize size, bool colour) : size_(size), colour_(colour) {}
  std::string bold(std::string_view what) const { return wrap("1", what); }
  std::string dim(std::string_view what) const { return wrap("2", what); }
  std::string red(std::string_view what) const { return wrap("31", what); }
  std::string green(std::string_view what) const { return wrap("32", what); }
  std::string yellow(std::string_view what) const { return wrap("33", what); }
  std::string inverse(std::string_view what) const { return wrap("7", what); }

  /// Adds a line, cut to the width; does nothing if there is no room.
  void line(const std::string& what);
  /// Adds `label` and as many of the items a line as fit, further lines below.
  void items(std::string_view label, const std::vector<std::string>& items);
  /// "name value", the name dim.
  std::string item(std::string_view name, std::string_view value) const;
  std::size_t left() const { return size_.rows - 1 - lines_.size(); }
  const TerminalSize& size() const { return size_; }
  /// All lines, each cleared to its end, the rest of the screen blank.
  std::string picture(const std::string& foot) const;

 private:
  std::string wrap(const char* code, std::string_view what) const;
  TerminalSize size_;
  bool colour_;
  std::vector<std::string> lines_;
};

}  // namespace ouzel
