#include "ouzel/tool/terminal/terminal.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <string_view>

namespace ouzel {
namespace {

// What a signal handler needs to give the terminal back.
volatile std::sig_atomic_t g_taken = 0;
volatile std::sig_atomic_t g_keys = 0;
termios g_before{};

constexpr std::string_view kTake = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr std::string_view kGiveBack = "\x1b[?2026l\x1b[0m\x1b[?25h\x1b[?1049l";
/// A terminal that knows it shows what lies between at once; others ignore it.
constexpr std::string_view kBeginPicture = "\x1b[?2026h\x1b[H";
constexpr std::string_view kEndPicture = "\x1b[?2026l";

/// Those that end the process without a word to anybody. SIGINT and SIGTERM are the Interrupt's.
constexpr std::array<int, 6> kFatal = {SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGPIPE};

extern "C" void on_fatal(int number) {
  Terminal::give_back();
  ::raise(number);  // Reset to its default by SA_RESETHAND: ends the process now.
}

void handle_fatal(bool ours) {
  struct sigaction action = {};
  action.sa_handler = ours ? &on_fatal : SIG_DFL;
  action.sa_flags = ours ? static_cast<int>(SA_RESETHAND) : 0;
  for (const int number : kFatal) ::sigaction(number, &action, nullptr);
}

}  // namespace

Terminal::Terminal(bool on) : on_(on) {
  if (!on_) return;
  g_keys = ::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &g_before) == 0 ? 1 : 0;
  handle_fatal(true);
  take();
}

Terminal::~Terminal() {
  if (!on_) return;
  give_back();
  handle_fatal(false);
}

void Terminal::take() {
  g_taken = 1;
  if (g_keys != 0) {
    termios raw = g_before;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_cc[VSUSP] = _POSIX_VDISABLE;  // Ctrl-Z comes as a key: `suspend` tidies up first.
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  std::fwrite(kTake.data(), 1, kTake.size(), stdout);
  std::fflush(stdout);
}

void Terminal::give_back() {
  if (g_taken == 0) return;
  g_taken = 0;
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, kGiveBack.data(), kGiveBack.size());
  if (g_keys != 0) ::tcsetattr(STDIN_FILENO, TCSANOW, &g_before);
}

void Terminal::show(const std::string& picture) {
  std::string all(kBeginPicture);
  all += picture;
  all += kEndPicture;
  std::fwrite(all.data(), 1, all.size(), stdout);
  std::fflush(stdout);
}

TerminalSize Terminal::size() const {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return {size.ws_col, size.ws_row};
}

int Terminal::keys() const { return on_ && g_keys != 0 ? STDIN_FILENO : -1; }

std::string Terminal::read_keys() const {
  std::array<char, 64> bytes;
  const auto got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : std::string();
}

void Terminal::suspend() {
  give_back();
  ::kill(0, SIGTSTP);  // The whole foreground job, as the terminal itself would.
  take();
}

}  // namespace ouzel
