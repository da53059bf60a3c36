#include "ouzel/egress/sink.h"

#include <utility>

#include "ouzel/base/logging.h"

namespace ouzel {
namespace {

constexpr std::chrono::nanoseconds kSlice = std::chrono::milliseconds(500);
/// Before a place is kept that passes nothing but outcomes of no interest.
constexpr std::chrono::nanoseconds kQuiet = std::chrono::seconds(5);
constexpr std::chrono::nanoseconds kTroubleRest = std::chrono::seconds(1);
/// Trouble that is over before is not worth a line.
constexpr std::chrono::nanoseconds kTroubleTold = std::chrono::seconds(1);

}  // namespace

Sink::Sink(SinkParts parts) : parts_(std::move(parts)) {}

Sink::~Sink() { stop(SteadyTime{}); }

void Sink::start() {
  thread_ = std::thread([this] { run(); });
}

void Sink::stop(SteadyTime end) {
  if (!thread_.joinable()) return;
  end_ = end.time_since_epoch().count();
  stopping_.store(true, std::memory_order_release);
  wake_.signal();
  parts_.outlet->wake();
  thread_.join();
}

/// To wait for one that does not get on is of no use: its place stays where it is.
bool Sink::over() const {
  return stopping_.load(std::memory_order_acquire) &&
         (parts_.clock->steady().time_since_epoch().count() >= end_.load() ||
          !parts_.report->trouble().empty());
}

void Sink::run() {
  while (!over()) {
    const SteadyTime began = parts_.clock->steady();
    if (step()) {
      // A trickle waits for company; not at the end.
      const auto rest = parts_.outlet->rest() - (parts_.clock->steady() - began);
      if (!full_ && !busy_ && rest.count() > 0 && !stopping_.load(std::memory_order_acquire)) {
        wake_.wait_for(rest);
      }
      continue;
    }
    if (stopping_.load(std::memory_order_acquire)) break;
    wake_.wait_for(parts_.feed->idle());
  }
  if (!busy_ && (!kept_ || parts_.feed->moved())) keep();
  parts_.feed->close(*parts_.outlet);
}

bool Sink::step() {
  const bool more = busy_ ? deliver() : read_on();
  tell_trouble();
  return more;
}

/// A line when it does not get on, and one when it does again; what was given up is not waited for.
void Sink::tell_trouble() {
  const std::string why = parts_.report->trouble();
  if (why.empty()) {
    if (waits_) logging::info("sink goes on", {{"sink", parts_.name}});
    waits_ = false;
    trouble_since_.reset();
  } else if (!waits_ && (busy_ || failed_)) {
    const SteadyTime now = parts_.clock->steady();
    if (!trouble_since_) trouble_since_ = now;
    waits_ = now - *trouble_since_ >= kTroubleTold;
    if (waits_) logging::warn("sink waits", {{"sink", parts_.name}, {"why", why}});
  }
}

bool Sink::read_on() {
  auto window = parts_.feed->next();
  if (!window) {
    failed_ = true;
    parts_.report->set_trouble("outcomes cannot be read: " + window.error().message);
    return false;
  }
  if (failed_ && kept_) {
    failed_ = false;
    parts_.report->set_trouble("");
  }
  told(*window);
  full_ = window->more;
  if (!window->messages.empty()) {
    parts_.outlet->take(std::move(window->messages));
    busy_ = true;
    return true;
  }
  const bool due = parts_.clock->steady() - kept_at_ >= kQuiet;
  if (due && (!kept_ || parts_.feed->moved())) keep();
  return full_;
}

bool Sink::deliver() {
  const auto done = parts_.outlet->step(kSlice);
  if (done && *done) {
    busy_ = false;
    keep();
    return true;
  }
  if (!done) {
    parts_.report->set_trouble(done.error().message);
    if (!stopping_.load(std::memory_order_acquire)) wake_.wait_for(kTroubleRest);
  }
  parts_.feed->attend(*parts_.outlet);
  return true;
}

void Sink::keep() {
  kept_at_ = parts_.clock->steady();
  const auto done = parts_.feed->keep(parts_.outlet->place());
  kept_ = done.has_value();
  if (kept_) return;
  // What is delivered is delivered; after a crash it would come again.
  failed_ = true;
  parts_.report->set_trouble("its place cannot be kept: " + done.error().message);
}

void Sink::told(const FeedWindow& window) {
  for (const std::string& what : window.damage) {
    logging::error("sink passes damage", {{"sink", parts_.name}, {"where", what}});
  }
  if (window.skipped == 0) return;
  parts_.report->skipped += window.skipped;
  logging::error("sink passes a gap: outcomes were removed before it came to them",
                 {{"sink", parts_.name}, {"outcomes", std::to_string(window.skipped)}});
}

SinkStatus Sink::status() const {
  SinkStatus out{.name = parts_.name, .kind = parts_.kind, .target = parts_.target};
  out.trouble = parts_.report->trouble();
  out.delivered = parts_.report->delivered;
  out.retries = parts_.report->retries;
  out.dead_letters = parts_.report->dead_letters;
  out.skipped = parts_.report->skipped;
  parts_.feed->tell(out);
  return out;
}

}  // namespace ouzel
