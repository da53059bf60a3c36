#include "ouzel/tool/terminal/top.h"

#include <algorithm>
#include <cstdio>

#include "ouzel/base/clock.h"
#include "ouzel/base/file_system.h"
#include "ouzel/http/client.h"
#include "ouzel/run/interrupt.h"
#include "ouzel/tool/terminal/terminal.h"
#include "ouzel/tool/terminal/top_look.h"
#include "ouzel/tool/terminal/top_screen.h"
#include "ouzel/tool/truth.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr int kExitUnavailable = 69;
constexpr int kExitConfig = 78;
constexpr nanoseconds kGlance = milliseconds(100);  ///< How fast a key or a new size is noticed.
constexpr milliseconds kAnswerMax{3000};            ///< A hung engine must not hang the keys.
constexpr std::size_t kPageMax = 1000;              ///< Outcomes of a page.
constexpr int kPagesMax = 20;                       ///< Between two pictures.
constexpr int kFirstPagesMax = 100'000;             ///< For the first one.

/// Asks the engine and keeps the model.
class Watcher {
 public:
  Watcher(const TopOptions& options, const http::Url& url, FileSystem& fs, const Clock& clock)
      : client_({.host = url.host,
                 .port = url.port,
                 .connect_max = kAnswerMax,
                 .silence_max = kAnswerMax}),
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
  model_.now_s = std::chrono::duration<double>(clock_.wall().time_since_epoch()).count();
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

/// Shows pictures until the time is up, a signal or `q`.
class Watch {
 public:
  Watch(const TopOptions& options, Watcher& watcher, const Clock& clock)
      : options_(options), watcher_(watcher), clock_(clock), terminal_(options.live) {}

  void run() {
    const SteadyTime start = clock_.steady();
    for (SteadyTime next = start + options_.interval;;) {
      const SteadyTime now = clock_.steady();
      const bool over = options_.duration.count() > 0 && now - start >= options_.duration;
      if (now >= next) {
        if (!look_.paused) look();
        next = std::max(next + options_.interval, now);
      }
      if (over || interrupt_.requested()) return;
      if (options_.live && drawn_ != terminal_.size()) draw();
      bool key = false;
      interrupt_.wait(std::clamp(nanoseconds(next - clock_.steady()), nanoseconds(0), kGlance),
                      terminal_.keys(), key);
      if (key && !obey()) return;
    }
  }

 private:
  void look() {
    // What the engine does not answer stands in the picture; it may come back.
    (void)watcher_.look();
    drawn_ = {0, 0};
    if (options_.live) return;
    std::printf("%s\n", top_line(watcher_.model()).c_str());
    std::fflush(stdout);
  }

  void draw() {
    drawn_ = terminal_.size();
    terminal_.show(top_picture(watcher_.model(), look_, drawn_, options_.colour));
  }

  /// False: quit. Nothing can be read where the terminal is gone.
  bool obey() {
    const std::string keys = terminal_.read_keys();
    const TopWish wish = press(look_, keys, std::max<std::size_t>(drawn_.rows, 10) / 2);
    if (keys.empty() || wish == TopWish::quit) return false;
    if (wish == TopWish::suspend) terminal_.suspend();
    if (wish != TopWish::none) drawn_ = {0, 0};
    return true;
  }

  const TopOptions& options_;
  Watcher& watcher_;
  const Clock& clock_;
  const Interrupt interrupt_{&Terminal::give_back};
  Terminal terminal_;
  TopLook look_;
  TerminalSize drawn_{0, 0};  ///< What the picture was drawn for; 0: it is stale.
};

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
  if (!options.once) Watch(options, watcher, clock).run();
  watcher.finish();
  std::fputs(top_summary(watcher.model()).c_str(), stdout);
  return 0;
}

}  // namespace ouzel
