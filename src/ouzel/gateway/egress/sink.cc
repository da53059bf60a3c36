#include "ouzel/gateway/egress/sink.h"

#include <algorithm>
#include <utility>

#include "ouzel/base/logging.h"

namespace ouzel {
namespace {

constexpr std::chrono::nanoseconds kSlice = std::chrono::milliseconds(500);
/// Without a signal: whatever was missed is found then.
constexpr std::chrono::nanoseconds kIdle = std::chrono::seconds(1);
/// Between two writes of a cursor that passes nothing but outcomes of no interest.
constexpr std::chrono::nanoseconds kQuietCursor = std::chrono::seconds(5);
constexpr std::chrono::nanoseconds kTroubleRest = std::chrono::seconds(1);

}  // namespace

Sink::Sink(SinkParts parts)
    : parts_(std::move(parts)), feed_(*parts_.log, parts_.cursor->cursor(), parts_.feed) {
  position_ = parts_.cursor->cursor().position.value();
  show_place();
}

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

/// To wait for one that does not get on is of no use: its cursor stays where it is.
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
    wake_.wait_for(kIdle);
  }
  if (!busy_ && unwritten_) keep_cursor();
}

bool Sink::step() { return busy_ ? deliver() : read_on(); }

bool Sink::read_on() {
  auto window = feed_.next();
  if (!window) {
    parts_.report->set_trouble("the log cannot be read: " + window.error().message);
    return false;
  }
  told(*window);
  full_ = window->more;
  unwritten_ = true;
  if (!window->messages.empty()) {
    parts_.outlet->take(std::move(window->messages));
    busy_ = true;
    return true;
  }
  show_place();
  const SteadyTime now = parts_.clock->steady();
  if (now - kept_at_ >= kQuietCursor && feed_.cursor().position > position()) keep_cursor();
  return full_;
}

bool Sink::deliver() {
  const auto done = parts_.outlet->step(kSlice);
  if (!done) {
    const std::string& why = done.error().message;
    if (parts_.report->trouble() != why) {
      logging::warn("sink waits", {{"sink", parts_.name}, {"why", why}});
      parts_.report->set_trouble(why);
    }
    if (!stopping_.load(std::memory_order_acquire)) wake_.wait_for(kTroubleRest);
    return true;
  }
  if (!*done) return true;
  busy_ = false;
  keep_cursor();
  return true;
}

void Sink::keep_cursor() {
  SinkCursor cursor = feed_.cursor();
  cursor.place = parts_.outlet->place();
  kept_at_ = parts_.clock->steady();
  const LogPosition at = cursor.position;
  if (const auto written = parts_.cursor->write(std::move(cursor)); !written) {
    // What is delivered is delivered; after a crash it would come again.
    parts_.report->set_trouble("the cursor cannot be written: " + written.error().message);
    return;
  }
  unwritten_ = false;
  position_.store(at.value(), std::memory_order_relaxed);
  show_place();
}

/// Of a partition of which it has met no outcome it is behind all, until it is at the log's end.
void Sink::show_place() {
  for (std::size_t i = 0; i < next_.size(); ++i) {
    const Offset next = feed_.cursor().next[i];
    const bool behind = next == kOffsetUnknown && full_;
    next_[i].store(behind ? 0 : next.value(), std::memory_order_relaxed);
  }
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
  for (const auto& next : next_) out.next.emplace_back(next.load(std::memory_order_relaxed));
  return out;
}

}  // namespace ouzel
