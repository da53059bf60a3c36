#include "ouzel/tool/score.h"

#include <cstdio>
#include <memory>
#include <utility>

#include "ouzel/base/clock.h"
#include "ouzel/base/exit_code.h"
#include "ouzel/gateway/event_text.h"
#include "ouzel/run/interrupt.h"
#include "ouzel/tool/scorer.h"
#include "ouzel/tool/terminal/progress.h"
#include "ouzel/tool/text_input.h"
#include "ouzel/tool/text_output.h"

namespace ouzel {
namespace {

int failed(const std::string& why, int code = kExitFailed) {
  std::fprintf(stderr, "ouzel score: %s\n", why.c_str());
  return code;
}

/// From one end to the other.
class Filter {
 public:
  Filter(TextInput& input, EventText& text, Scorer& scorer, TextOutput& output, Progress& progress)
      : input_(input), text_(text), scorer_(scorer), output_(output), progress_(progress) {}

  /// Until the input ends, `limit` events are taken (0: all), or a signal comes.
  Result<void> run(std::uint64_t limit) {
    const Interrupt interrupt;
    Result<void> taken = {};
    while (taken && !done_ && !interrupt.requested()) {
      taken = take(limit);
      OUZEL_TRY_VOID(flush());
    }
    return taken;
  }

 private:
  /// Events until the scorer is full.
  Result<void> take(std::uint64_t limit) {
    while (!scorer_.full()) {
      if (limit > 0 && events_ == limit) {
        done_ = true;
        return {};
      }
      OUZEL_TRY(const TextEvent* event, text_.next());
      if (event != nullptr) {
        scorer_.add(event->envelope, event->given, event->bytes);
        ++events_;
        continue;
      }
      done_ = ended_;
      if (done_) return {};
      OUZEL_TRY(const bool more, text_.fill(*input_.bytes));
      if (more) continue;
      ended_ = true;
      text_.end();
    }
    return {};
  }

  Result<void> flush() {
    lines_.clear();
    scorer_.flush(lines_);
    OUZEL_TRY_VOID(output_.write(lines_));
    progress_.show(input_.bytes->bytes_read(), events_);
    return {};
  }

  TextInput& input_;
  EventText& text_;
  Scorer& scorer_;
  TextOutput& output_;
  Progress& progress_;
  std::string lines_;
  std::uint64_t events_ = 0;
  bool ended_ = false;  ///< The input is.
  bool done_ = false;
};

}  // namespace

int score(const ScoreOptions& options) {
  const SystemClock clock;
  const auto fs = make_posix_file_system();
  if (is_one_file(options.in, options.out)) {
    return failed("--out is the file of --in: it would be emptied before it is read", kExitUsage);
  }
  const auto plan = make_plan(options.pipeline);
  if (!plan) return failed(plan.error().message, kExitConfig);
  auto input = open_text_input(*fs, options.in);
  if (!input) return failed(input.error().message);
  auto output = TextOutput::open(options.out);
  if (!output) return failed(output.error().message);

  EventText text(&plan->schema, names_of_file(plan->pipeline, 1, input->name),
                 {.spec = options.text});
  Scorer scorer(*plan, clock);
  Progress progress(clock, input->size);
  Filter filter(*input, text, scorer, *output, progress);
  const auto done = filter.run(options.limit);
  progress.clear();
  if (output->left()) return kExitDone;
  const Totals totals = scorer.totals();
  if (const std::uint64_t rejected = totals.rejected_total(); rejected > 0) {
    std::fprintf(stderr, "ouzel score: %llu of %llu events rejected; the first is %s\n",
                 static_cast<unsigned long long>(rejected),
                 static_cast<unsigned long long>(totals.scored + rejected),
                 scorer.first_rejection().c_str());
  }
  if (scorer.duplicates() > 0) {
    std::fprintf(stderr, "ouzel score: %llu duplicates have no outcome\n",
                 static_cast<unsigned long long>(scorer.duplicates()));
  }
  if (done) return kExitDone;
  return failed(input->name + ": " + done.error().message);
}

}  // namespace ouzel
