#include "ouzel/gateway/outcome_waiters.h"

#include <algorithm>
#include <utility>

#include "ouzel/outcome/outcome.h"

namespace ouzel {
namespace {

using std::chrono::nanoseconds;

/// Read of the log in one step.
constexpr std::size_t kSliceBytes = 4 << 20;

bool holds(const FrameHeader& header, const EventPlace& place) {
  return header.topic == Topic::outcomes && header.partition == place.partition &&
         header.base <= place.offset && place.offset < header.base + header.rows;
}

}  // namespace

OutcomeWaiters::OutcomeWaiters(Log& log, const Clock& clock, OutcomeWaitersLimits limits)
    : log_(log), clock_(clock), limits_(limits) {}

OutcomeWaiters::~OutcomeWaiters() {
  thread_.stop();
  for (Waiter& waiter : waiters_) waiter.told(std::nullopt);
  for (Waiter& waiter : new_) waiter.told(std::nullopt);
}

void OutcomeWaiters::start() {
  thread_.start([this] { return step(); });
}

void OutcomeWaiters::wait(EventPlace place, LogPosition since, Told told) {
  if (count_.fetch_add(1) >= limits_.waiters_max) {
    --count_;
    return told(std::nullopt);
  }
  {
    const std::lock_guard lock(mutex_);
    new_.push_back({place, since, clock_.steady() + limits_.wait_max, std::move(told)});
  }
  thread_.signal();
}

nanoseconds OutcomeWaiters::step() {
  take_new();
  const bool more = follow();
  const SteadyTime now = clock_.steady();
  SteadyTime next = SteadyTime::max();
  std::erase_if(waiters_, [&](Waiter& waiter) {
    next = std::min(next, waiter.until);
    if (now < waiter.until) return false;
    waiter.told(std::nullopt);
    --count_;
    return true;
  });
  if (waiters_.empty()) {
    reader_.reset();
    return nanoseconds{-1};
  }
  return more ? nanoseconds{0} : std::max(next - now, nanoseconds{0});
}

void OutcomeWaiters::take_new() {
  std::vector<Waiter> some;
  {
    const std::lock_guard lock(mutex_);
    some.swap(new_);
  }
  if (some.empty()) return;
  if (!reader_) {
    LogPosition from = log_.durable_end();
    for (const Waiter& waiter : some) {
      if (waiter.since != LogPosition{}) from = std::min(from, waiter.since);
    }
    reader_ = log_.read_from(from);
  }
  for (Waiter& waiter : some) look_up(std::move(waiter));
}

/// Answers a waiter whose outcome stands before the place that is being read; else it waits.
void OutcomeWaiters::look_up(Waiter waiter) {
  std::vector<Waiter> alone;
  alone.push_back(std::move(waiter));
  const auto& [place, since, until, told] = alone.front();
  const LogPosition end = reader_->position();
  if (since == LogPosition{} || since < end) {
    const auto at = log_.find(Topic::outcomes, place.partition, place.offset);
    const auto reader = log_.read_from(at ? *at : end);
    std::size_t read = 0;
    while (!alone.empty() && read < kSliceBytes && reader->position() < end) {
      const auto frame = reader->next();
      if (!frame || !frame->has_value()) break;
      read += (*frame)->body.size() + sizeof(FrameHeader);
      answer(**frame, alone);
    }
  }
  std::move(alone.begin(), alone.end(), std::back_inserter(waiters_));
}

/// True: there is more to read now.
bool OutcomeWaiters::follow() {
  for (std::size_t read = 0; reader_ && !waiters_.empty() && read < kSliceBytes;) {
    const auto frame = reader_->next();
    if (!frame && frame.error().code == ErrorCode::corrupt) continue;
    if (!frame || !frame->has_value()) return false;
    read += (*frame)->body.size() + sizeof(FrameHeader);
    answer(**frame, waiters_);
  }
  return !waiters_.empty();
}

/// Tells those whose outcomes the frame holds, and takes them off the list.
void OutcomeWaiters::answer(const FrameView& frame, std::vector<Waiter>& waiters) {
  const auto elsewhere = [&](const Waiter& waiter) { return !holds(frame.header, waiter.place); };
  const auto first = std::partition(waiters.begin(), waiters.end(), elsewhere);
  if (first == waiters.end()) return;
  std::sort(first, waiters.end(),
            [](const Waiter& a, const Waiter& b) { return a.place.offset < b.place.offset; });
  auto next = first;
  auto commit = CommitReader::open(frame.body);
  while (commit && next != waiters.end()) {
    const auto row = commit->next();
    if (!row) break;
    if (row->offset != next->place.offset) continue;
    std::string text;
    render(text, frame.header.partition, commit->in_force(), *row);
    for (; next != waiters.end() && next->place.offset == row->offset; ++next) next->told(text);
  }
  for (; next != waiters.end(); ++next) next->told(std::nullopt);  // It cannot be read.
  count_ -= static_cast<std::size_t>(waiters.end() - first);
  waiters.erase(first, waiters.end());
}

}  // namespace ouzel
