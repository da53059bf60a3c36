/// Terminal: the screen while a picture stands on it: alternate screen, no cursor, keys without
/// Enter. Given back at the end of its life, and also when a signal ends the process.
///
/// One at a time in a process; one thread.
#pragma once

#include <cstddef>
#include <string>

namespace ouzel {

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
  bool operator==(const TerminalSize&) const = default;
};

class Terminal {
 public:
  /// `on` false: does nothing at all.
  explicit Terminal(bool on);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// Replaces what stands there, without a blank in between.
  void show(const std::string& picture);
  /// 80 x 24 where nobody knows.
  TerminalSize size() const;
  /// Readable when a key was pressed; -1 if stdin is no terminal.
  int keys() const;
  /// What was typed, bytes as the terminal sends them; at most 64 at a time.
  std::string read_keys() const;
  /// Gives the terminal back and stops, as Ctrl-Z does elsewhere; takes it again when continued.
  void suspend();
  /// Safe in a signal handler. Does nothing if no Terminal lives.
  static void give_back();

 private:
  void take();
  const bool on_;
};

}  // namespace ouzel
