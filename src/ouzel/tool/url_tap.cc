#include "ouzel/tool/url_tap.h"

#include <cstdio>
#include <optional>
#include <string>

#include "ouzel/base/exit_code.h"
#include "ouzel/http/client.h"
#include "ouzel/run/interrupt.h"
#include "ouzel/serve/outcome_query.h"
#include "ouzel/tool/tap_printer.h"
#include "ouzel/tool/terminal/engine_view.h"

namespace ouzel {
namespace {

constexpr std::chrono::nanoseconds kFollow = std::chrono::milliseconds(250);

/// What is wrong, and how `tap` ends with it.
struct Failure {
  std::string what;
  int exit_code = kExitFailed;
};

class UrlTap {
 public:
  UrlTap(const TapOptions& options, const http::Url& url)
      : options_(options),
        client_({.host = url.host, .port = url.port}),
        printer_(options),
        place_(place(options.from)) {}

  int run() {
    const Interrupt interrupt;
    auto failure = ask("end");
    const auto end = parse_cursor(page_.next);
    if (!failure && options_.from.kind == TapFrom::Kind::end) place_ = page_.next;
    while (!failure && !printer_.done() && !interrupt.requested()) {
      failure = ask(place_);
      if (failure) break;
      show();
      const auto at = parse_cursor(page_.next);
      const bool more = page_.next != place_ && (options_.follow || before(at, end));
      place_ = page_.next;
      if (more) continue;
      if (!options_.follow || interrupt.wait(kFollow)) break;
    }
    if (failure) {
      std::fprintf(stderr, "ouzel tap: %s\n", failure->what.c_str());
      return failure->exit_code;
    }
    printer_.finish();
    return damaged_ ? kExitFailed : kExitDone;
  }

 private:
  static std::string place(const TapFrom& from) {
    if (from.kind != TapFrom::Kind::offset) return "beginning";
    return std::to_string(from.partition.value()) + ":" + std::to_string(from.offset.value());
  }
  /// Places of an engine whose cursors look otherwise do not tell: then the last page is empty.
  static bool before(const std::optional<OutcomeCursor>& at,
                     const std::optional<OutcomeCursor>& end) {
    return !at || !end || at->position < end->position;
  }

  /// Fills `page_`.
  std::optional<Failure> ask(const std::string& from) {
    const auto answer = client_.get("/api/v1/" + options_.topic + "?limit=1000&from=" + from);
    if (!answer) return Failure{answer.error().message, kExitUnavailable};
    if (answer->status == 400 || answer->status == 404) {
      return Failure{read_problem(answer->body), kExitUsage};
    }
    if (answer->status != 200) {
      return Failure{"the engine answered " + std::to_string(answer->status) + ": " +
                     read_problem(answer->body)};
    }
    auto page = read_lines(options_.topic, answer->body);
    if (!page) return Failure{page.error().message};
    page_ = *std::move(page);
    return std::nullopt;
  }

  void show() {
    for (const std::string& what : page_.damage) {
      std::fprintf(stderr, "ouzel tap: %s\n", what.c_str());
      damaged_ = true;
    }
    for (const std::string& line : page_.lines) {
      if (!printer_.print(line)) break;
    }
    std::fflush(stdout);
  }

  const TapOptions& options_;
  http::Client client_;
  TapPrinter printer_;
  std::string place_;  ///< `from` of the next page.
  LinesView page_;
  bool damaged_ = false;
};

}  // namespace

int tap_url(const TapOptions& options) {
  const auto url = http::parse_url(options.url);
  if (url) return UrlTap(options, *url).run();
  failed("tap", url.error());
  return kExitUsage;
}

}  // namespace ouzel
