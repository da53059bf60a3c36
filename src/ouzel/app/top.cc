#include "ouzel/app/top.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "ouzel/app/interrupt.h"
#include "ouzel/app/top_screen.h"
#include "ouzel/app/truth.h"
#include "ouzel/base/clock.h"
#include "ouzel/base/file_system.h"
#include "ouzel/http/client.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr int kExitUnavailable = 69;
constexpr int kExitConfig = 78;
constexpr nanoseconds kGlance = milliseconds(100);  ///< How fast a key or a new size is noticed.
constexpr std::size_t kPageMax = 1000;              ///< Outcomes of a page.
constexpr int kPagesMax = 20;                       ///< Between two pictures.
constexpr int kFirstPagesMax = 100'000;             ///< For the first one.

/// The terminal while a picture stands on it: alternate screen, no cursor, keys without Enter.
class Screen {
 public:
  explicit Screen(bool on) : on_(on) {
    if (!on_) return;
    keys_ = ::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (keys_) {
      termios raw = before_;
      raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
      ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    print("\x1b[?1049h\x1b[?25l\x1b[2J");
  }
  ~Screen() {
    if (!on_) return;
    print("\x1b[?25h\x1b[?1049l");
    if (keys_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void show(const std::string& picture) { print("\x1b[H" + picture); }
  TopSize size() const {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
    return {size.ws_col, size.ws_row};
  }
  int keys() const { return keys_ ? STDIN_FILENO : -1; }
  bool quit_pressed() const {
    char key = 0;
    return ::read(STDIN_FILENO, &key, 1) == 1 && (key == 'q' || key == 'Q');
  }

 private:
  static void print(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }
  bool on_;
  bool keys_ = false;
  termios before_{};
};

/// Asks the engine and keeps the model.
class Watcher {
 public:
  Watcher(const TopOptions& options, const http::Url& url, FileSystem& fs, const Clock& clock)
      : client_({.host = url.host, .port = url.port}),
        clock_(clock),
        truth_(fs, options.truth, options.all) {
    model_.url = options.url;
    model_.has_truth = truth_.any();
    if (options.all) from_ = "beginning";
    from_start_ = options.all || options.once;
  }

  /// One round of questions. Error: no answer; the model keeps what it had and says so.
  Result<void> look() {
    auto looked = ask();
    model_.lost = looked ? "" : looked.error().message;
    return looked;
  }
  void finish() {
    truth_.read();
    truth_.judge(clock_.steady(), true);
    model_.truth = truth_.score();
  }
  const TopModel& model() const { return model_; }

 private:
  Result<void> ask();
  Result<void> ask_outcomes(int pages);
  http::Client client_;
  const Clock& clock_;
  Truth truth_;
  TopModel model_;
  std::string from_ = "end";  ///< Where the next page of outcomes begins.
  SteadyTime asked_{};
  bool first_ = true;
  bool from_start_ = false;  ///< The summary counts all, not only what came since.
};

Result<void> Watcher::ask() {
  OUZEL_TRY(const http::ClientResponse reply, client_.get("/api/v1/status"));
  if (reply.status != 200) {
    return fail(ErrorCode::unavailable,
                "/api/v1/status: 200 expected, got " + std::to_string(reply.status));
  }
  OUZEL_TRY(StatusView status, read_status(reply.body));
  const SteadyTime now = clock_.steady();
  if (first_) {
    if (!from_start_) model_.before = status;
  } else {
    const double passed = std::chrono::duration<double>(now - asked_).count();
    const std::uint64_t had = std::min(model_.status.accepted, status.accepted);
    model_.rates.push_back(static_cast<double>(status.accepted - had) / std::max(passed, 1e-3));
    if (model_.rates.size() > kTopRatesMax) model_.rates.pop_front();
  }
  asked_ = now;
  model_.status = std::move(status);
  OUZEL_TRY_VOID(ask_outcomes(first_ ? kFirstPagesMax : kPagesMax));
  first_ = false;
  truth_.read();
  truth_.judge(now, false);
  model_.truth = truth_.score();
  return {};
}

/// All that is there at first, then what came since the last picture. A page that is not full ends
/// where the log ended when it was read, or where the engine had looked at enough.
Result<void> Watcher::ask_outcomes(int pages) {
  for (bool more = true; more && pages > 0; --pages) {
    OUZEL_TRY(const http::ClientResponse reply,
              client_.get("/api/v1/outcomes?label=anomaly&limit=" + std::to_string(kPageMax) +
                          "&from=" + from_));
    if (reply.status != 200) return {};
    OUZEL_TRY(OutcomesView got, read_outcomes(reply.body));
    more = got.outcomes.size() == kPageMax || (pages > kPagesMax && got.next != from_);
    if (!got.next.empty()) from_ = got.next;
    for (OutcomeView& one : got.outcomes) {
      truth_.add(one, clock_.steady());
      model_.anomalies.push_front(std::move(one));
    }
    if (model_.anomalies.size() > kTopAnomaliesMax) model_.anomalies.resize(kTopAnomaliesMax);
  }
  return {};
}

bool same(TopSize a, TopSize b) { return a.columns == b.columns && a.rows == b.rows; }

/// Shows pictures until the time is up, a signal or `q`.
void watch(const TopOptions& options, Watcher& watcher, const Clock& clock) {
  const Interrupt interrupt;
  Screen screen(options.live);
  const SteadyTime start = clock.steady();
  TopSize drawn{0, 0};
  for (SteadyTime next = start + options.interval;;) {
    const SteadyTime now = clock.steady();
    const bool over = options.duration.count() > 0 && now - start >= options.duration;
    if (now >= next) {
      // What the engine does not answer stands in the picture; it may come back.
      (void)watcher.look();
      next = std::max(next + options.interval, now);
      if (!options.live) std::printf("%s\n", top_line(watcher.model()).c_str());
      if (!options.live) std::fflush(stdout);
      drawn = {0, 0};
    }
    if (over || interrupt.requested()) return;
    if (options.live && !same(drawn, screen.size())) {
      drawn = screen.size();
      screen.show(top_picture(watcher.model(), drawn, options.colour));
    }
    bool key = false;
    interrupt.wait(std::clamp(nanoseconds(next - clock.steady()), nanoseconds(0), kGlance),
                   screen.keys(), key);
    if (key && screen.quit_pressed()) return;
  }
}

}  // namespace

int top(const TopOptions& options) {
  const SystemClock clock;
  const auto fs = make_posix_file_system();
  auto url = http::parse_url(options.url);
  if (!url) {
    std::fprintf(stderr, "ouzel top: %s\n", url.error().message.c_str());
    return kExitConfig;
  }
  Watcher watcher(options, *url, *fs, clock);
  if (const auto first = watcher.look(); !first) {
    std::fprintf(stderr, "ouzel top: %s: %s\n", options.url.c_str(), first.error().message.c_str());
    return kExitUnavailable;
  }
  if (!options.once) watch(options, watcher, clock);
  watcher.finish();
  std::fputs(top_summary(watcher.model()).c_str(), stdout);
  return 0;
}

}  // namespace ouzel
