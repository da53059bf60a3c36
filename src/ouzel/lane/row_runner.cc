#include "ouzel/lane/row_runner.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

namespace ouzel {
namespace {

/// Seconds, to the millisecond.
std::string seconds(std::chrono::nanoseconds span) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%lld.%03llds", static_cast<long long>(ms / 1000),
                static_cast<long long>(ms % 1000));
  return text.data();
}

/// a - b, at most what a span can hold: clocks of 1677 and of 2262 are further apart than that.
std::chrono::nanoseconds distance(EventTime a, EventTime b) {
  std::int64_t out = 0;
  const bool over =
      __builtin_sub_overflow(a.time_since_epoch().count(), b.time_since_epoch().count(), &out);
  return over ? std::chrono::nanoseconds::max() : std::chrono::nanoseconds(out);
}

}  // namespace

RowRunner::RowRunner(const Plan& plan, const Clock& clock)
    : plan_(plan), clock_(clock), stages_(plan.make_stages()) {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    stage_ns_.push_back(std::make_unique<Histogram>());
  }
  clear();
}

void RowRunner::take_state(RowRunner& from) {
  state_ = std::move(from.state_);
  newest_event_ = from.newest_event_;
}

void RowRunner::clear() {
  state_ = std::make_unique<LaneState>(stages_, plan_.keys_max);
  newest_event_ = {};
}

void RowRunner::run(Batch& batch, WallTime accepted) {
  place_rows(batch, accepted);
  SteadyTime before = clock_.steady();
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    stages_[i]->run(batch, state_->view(i, rows_.data()));
    const SteadyTime after = clock_.steady();
    stage_ns_[i]->record(static_cast<std::uint64_t>((after - before).count()));
    before = after;
  }
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (batch.live(row)) newest_event_ = std::max(newest_event_, batch.time[row]);
  }
}

/// Finds each live row's key state. In the order of the rows: a key's clock and the order of
/// eviction are state too. No key of this batch is evicted by it, since it has at most `keys_max`
/// rows, so all row addresses stay valid until the batch is done.
void RowRunner::place_rows(Batch& batch, WallTime accepted) {
  KeyTable& keys = state_->keys();
  for (const Hash128& key : batch.key_hash) keys.prefetch(key);
  for (const Hash128& key : batch.key_hash) keys.prefetch_row(key);
  rows_.assign(batch.rows(), nullptr);
  explained_.clear();
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const WallTime at = batch.accepted.empty() ? accepted : batch.accepted[row];
    if (batch.live(row) && batch.time[row] == kNoTime) {
      batch.time[row] = EventTime(at.time_since_epoch());
    }
    if (batch.live(row)) judge_time(batch, row, at);
    if (!batch.live(row)) continue;
    const std::uint32_t slot = keys.find_or_insert(batch.key_hash[row]);
    KeyHeader& header = keys.header(slot);
    if (batch.time[row] < header.newest) batch.flags[row] |= kFlagLate;
    header.newest = std::max(header.newest, batch.time[row]);
    rows_[row] = keys.row(slot);
  }
  if (!explained_.empty()) batch.explain(explained_);
}

/// Rejects a row whose clock is too far ahead of its acceptance or too far behind its key.
void RowRunner::judge_time(Batch& batch, std::size_t row, WallTime accepted) {
  const EventTime time = batch.time[row];
  const EventTime now(accepted.time_since_epoch());
  if (time > now && distance(time, now) > plan_.max_future) {
    batch.fate[row] = Fate::clock_ahead;
    // By how much would tell when it was accepted; equal inputs have equal outcomes.
    explained_.push_back({row,
                          "event time is ahead of its acceptance by more than "
                          "time.max_future, " +
                              seconds(plan_.max_future)});
    return;
  }
  const std::uint32_t slot = state_->keys().find(batch.key_hash[row]);
  if (slot == kNoSlot) return;
  const EventTime newest = state_->keys().header(slot).newest;
  if (time < newest && distance(newest, time) > plan_.max_late) {
    batch.fate[row] = Fate::too_late;
    explained_.push_back({row, "event time is " + seconds(distance(newest, time)) +
                                   " behind the newest of its key; time.max_late is " +
                                   seconds(plan_.max_late)});
  }
}

void count(Totals& totals, const Batch& batch) {
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (!batch.live(row)) {
      ++totals.rejected[static_cast<std::size_t>(batch.fate[row])];
      continue;
    }
    ++totals.scored;
    totals.late += (batch.flags[row] & kFlagLate) != 0 ? 1 : 0;
    totals.alerts += batch.route[row] == Route::alert ? 1 : 0;
    totals.reviews += batch.route[row] == Route::review ? 1 : 0;
    totals.review_overflow += (batch.flags[row] & kFlagReviewFull) != 0 ? 1 : 0;
  }
}

}  // namespace ouzel
