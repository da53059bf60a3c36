#include "ouzel/lane/lane.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "ouzel/base/fault.h"

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

Lane::Lane(PartitionId partition, LaneSeams seams, LaneOptions options)
    : partition_(partition),
      seams_(std::move(seams)),
      options_(options),
      plan_(*seams_.plan),
      stages_(plan_.make_stages()) {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    stage_ns_.push_back(std::make_unique<Histogram>());
  }
  state_ = std::make_unique<LaneState>(stages_, plan_.keys_max);
  in_force_ = {.pipeline = plan_.pipeline,
               .model_name = plan_.model_name,
               .model_version = plan_.model_version,
               .threshold = plan_.threshold,
               .plan = plan_.hash};
  if (plan_.include_features) in_force_.feature_names = plan_.feature_names;
}

Result<void> Lane::restore(const SnapshotHeader& header, std::string* duplicates) {
  std::string shared;
  auto done = seams_.slots->read(header, state_->keys(), shared, *duplicates);
  if (done) done = state_->restore_shared(shared);
  if (!done) state_ = std::make_unique<LaneState>(stages_, plan_.keys_max);
  if (done) newest_event_ = header.newest_event;
  return done;
}

void Lane::resume_at(Offset first, Offset committed, const Totals& totals, bool switched) {
  next_ = first;
  committed_ = committed;
  if (!fault(Fault::counter_from_memory)) totals_ = totals;
  switch_pending_ = switched;
  next_shown_.store(next_.value(), std::memory_order_release);
  state_->keys().set_copy([this](std::size_t index) {
    if (auto written = seams_.slots->write_chunk(index, state_->keys().chunk(index)); !written) {
      capture_failed_ = true;
    }
  });
}

std::size_t Lane::step() {
  std::size_t rows = 0;
  writer_.begin(std::max(next_, committed_));
  noted_ = {};
  InputFrame frame;
  while (rows < options_.commit_rows_max && seams_.input->inbox.pop(frame)) {
    rows += frame.batch.rows();
    take(std::move(frame));
  }
  const bool commits = writer_.rows() > 0 || (switch_pending_ && next_ >= committed_);
  if (commits) commit();
  if (rows > 0) {
    batch_rows_.record(rows);
    next_shown_.store(next_.value(), std::memory_order_release);
    keys_shown_.store(state_->keys().size(), std::memory_order_relaxed);
    evicted_shown_.store(state_->keys().evicted(), std::memory_order_relaxed);
  }
  if (capturing_) {
    capture_slice();
  } else if (snapshot_wanted_.load(std::memory_order_acquire) && next_ >= committed_ &&
             !publishing_.load(std::memory_order_acquire)) {
    begin_capture();
  }
  return rows + (commits && rows == 0 ? 1 : 0);
}

/// One frame, cut where its outcomes begin to be new and where it has more rows than keys may live.
void Lane::take(InputFrame frame) {
  const std::size_t rows = frame.batch.rows();
  OUZEL_CHECK(frame.first == next_);
  const std::size_t replayed =
      next_ < committed_ ? std::min<std::uint64_t>(rows, committed_ - next_) : 0;
  const std::size_t rows_max = plan_.keys_max;
  if ((replayed == 0 || replayed == rows) && rows <= rows_max) {
    run(frame.batch, frame.accepted, replayed == 0);
  } else {
    for (std::size_t begin = 0; begin < rows;) {
      const std::size_t limit = begin < replayed ? replayed : rows;
      const std::size_t end = std::min(limit, begin + rows_max);
      Batch part = slice(frame.batch, begin, end);
      run(part, frame.accepted, begin >= replayed);
      begin = end;
    }
  }
  next_ += rows;
  if (replayed > 0) seams_.input->inbox.done(replayed);
  if (replayed < rows) {
    noted_.accepted.emplace_back(frame.accepted, static_cast<std::uint32_t>(rows - replayed));
  }
}

void Lane::run(Batch& batch, WallTime accepted, bool show) {
  place_rows(batch, accepted);
  SteadyTime before = seams_.clock->steady();
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    stages_[i]->run(batch, state_->view(i, rows_.data()));
    if (!show && fault(Fault::apply_twice)) stages_[i]->run(batch, state_->view(i, rows_.data()));
    const SteadyTime after = seams_.clock->steady();
    stage_ns_[i]->record(static_cast<std::uint64_t>((after - before).count()));
    before = after;
  }
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (batch.live(row)) newest_event_ = std::max(newest_event_, batch.time[row]);
  }
  if (!show) return;
  count(batch);
  writer_.add(batch, plan_.include_features, plan_.reason_names);
}

/// Finds each live row's key state. In the order of the rows: a key's clock and the order of
/// eviction are state too. No key of this batch is evicted by it, since it has at most `keys_max`
/// rows, so all row addresses stay valid until the batch is done.
void Lane::place_rows(Batch& batch, WallTime accepted) {
  KeyTable& keys = state_->keys();
  for (const Hash128& key : batch.key_hash) keys.prefetch(key);
  for (const Hash128& key : batch.key_hash) keys.prefetch_row(key);
  rows_.assign(batch.rows(), nullptr);
  explained_.clear();
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (batch.live(row) && batch.time[row] == kNoTime) {
      batch.time[row] = EventTime(accepted.time_since_epoch());
    }
    if (batch.live(row)) judge_time(batch, row, accepted);
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
void Lane::judge_time(Batch& batch, std::size_t row, WallTime accepted) {
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

void Lane::count(const Batch& batch) {
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (!batch.live(row)) {
      ++totals_.rejected[static_cast<std::size_t>(batch.fate[row])];
      continue;
    }
    ++totals_.scored;
    totals_.late += (batch.flags[row] & kFlagLate) != 0 ? 1 : 0;
    totals_.alerts += batch.route[row] == Route::alert ? 1 : 0;
    totals_.reviews += batch.route[row] == Route::review ? 1 : 0;
  }
}

void Lane::commit() {
  FrameDraft draft{.topic = Topic::outcomes,
                   .partition = partition_,
                   .base = Offset(next_.value() - writer_.rows()),
                   .rows = writer_.rows()};
  if (fault(Fault::commit_past_end)) draft.rows += 1;
  draft.accepted = noted_.accepted.empty() ? seams_.clock->wall() : noted_.accepted.back().first;
  draft.body = writer_.finish(in_force_, totals_);
  noted_.end = next_;
  noted_.totals = totals_;
  noted_.newest_event = newest_event_;
  {
    const std::lock_guard lock(*seams_.ledger_mutex);
    seams_.ledger->noted.push_back(std::move(noted_));
  }
  last_commit_ = seams_.log->append(std::move(draft));
  if (switch_pending_) seams_.switched(partition_, committed_, last_commit_);
  committed_ = next_;
  switch_pending_ = false;
}

}  // namespace ouzel
