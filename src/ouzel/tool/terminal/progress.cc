#include "ouzel/tool/terminal/progress.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace ouzel {
namespace {

constexpr std::chrono::milliseconds kBetween{100};
constexpr int kBarColumns = 30;

bool wanted() {
  const char* plain = std::getenv("NO_COLOR");
  return ::isatty(STDERR_FILENO) == 1 && (plain == nullptr || *plain == '\0');
}

}  // namespace

Progress::Progress(const Clock& clock, std::uint64_t total)
    : clock_(clock), total_(total), shown_(wanted()), begun_(clock.steady()), drawn_(begun_) {}

void Progress::show(std::uint64_t done, std::uint64_t events) {
  if (!shown_) return;
  const SteadyTime now = clock_.steady();
  if (now - drawn_ < kBetween) return;
  drawn_ = now;
  on_screen_ = true;
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  std::string line;
  if (total_ > 0) {
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
    const auto filled = static_cast<std::size_t>(share * kBarColumns);
    line = "[" + std::string(filled, '#') + std::string(kBarColumns - filled, '.') + "] " +
           std::to_string(static_cast<int>(share * 100)) + " %  ";
  }
  std::fprintf(stderr, "\r\033[K%s%llu events  %.0f/s", line.c_str(),
               static_cast<unsigned long long>(events), static_cast<double>(events) / seconds);
  std::fflush(stderr);
}

void Progress::clear() {
  if (on_screen_) std::fprintf(stderr, "\r\033[K");
  on_screen_ = false;
}

}  // namespace ouzel
