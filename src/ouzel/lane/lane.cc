#include "ouzel/lane/lane.h"

#include <algorithm>
#include <utility>

#include "ouzel/base/fault.h"

namespace ouzel {

Lane::Lane(PartitionId partition, LaneSeams seams, LaneOptions options)
    : partition_(partition),
      seams_(std::move(seams)),
      options_(options),
      plan_(*seams_.plan),
      runner_(plan_, *seams_.clock),
      row_bytes_(runner_.state().keys().row_bytes()),
      in_force_(in_force_of(plan_)) {}

Result<void> Lane::restore(SnapshotSlots& slots, const SnapshotHeader& header,
                           std::string* duplicates) {
  std::string shared;
  auto done = slots.read(header, runner_.state().keys(), shared, *duplicates);
  if (done) done = runner_.state().restore_shared(shared);
  if (!done) runner_.clear();
  if (done) runner_.set_newest_event(header.newest_event);
  return done;
}

void Lane::take_state(Lane& from) {
  OUZEL_CHECK(from.plan_.state_hash == plan_.state_hash);
  runner_.take_state(from.runner_);
  runner_.state().keys().hand_on();  // A snapshot that was under way is given up.
  epoch_ = from.epoch_;
}

void Lane::resume_at(Offset first, Offset committed, const Totals& totals, bool switched) {
  next_ = first;
  committed_ = committed;
  if (!fault(Fault::counter_from_memory)) totals_ = totals;
  switch_pending_ = switched;
  next_shown_.store(next_.value(), std::memory_order_release);
  KeyTable& keys = runner_.state().keys();
  keys_shown_.store(keys.size(), std::memory_order_relaxed);
  keys.set_copy([this, &keys](std::size_t index) {
    if (!seams_.slots->write_chunk(index, keys.chunk(index))) capture_failed_ = true;
  });
}

std::size_t Lane::step() {
  std::size_t rows = 0;
  writer_.begin(std::max(next_, committed_));
  noted_ = {};
  while (rows < options_.commit_rows_max && next_frame()) {
    rows += waiting_->batch.rows();
    take(*std::exchange(waiting_, std::nullopt));
  }
  const bool commits = writer_.rows() > 0 || (switch_pending_ && next_ >= committed_);
  if (commits) commit();
  if (rows > 0) {
    batch_rows_.record(rows);
    next_shown_.store(next_.value(), std::memory_order_release);
    const KeyTable& keys = runner_.state().keys();
    keys_shown_.store(keys.size(), std::memory_order_relaxed);
    evicted_shown_.store(keys.evicted(), std::memory_order_relaxed);
  }
  if (capturing_) {
    capture_slice();
  } else if (snapshot_wanted_.load(std::memory_order_acquire) && next_ >= committed_ &&
             !publishing_.load(std::memory_order_acquire)) {
    begin_capture();
  }
  return rows + (commits && rows == 0 ? 1 : 0);
}

/// Makes `waiting_` the next frame of this commit; false: there is none. A frame behind a hole
/// waits for the next commit, as rows of one commit have offsets without holes.
bool Lane::next_frame() {
  if (!waiting_) {
    InputFrame frame;
    if (!seams_.input->inbox.pop(frame)) return false;
    waiting_ = std::move(frame);
  }
  if (!seams_.holes || waiting_->first == next_) return true;
  OUZEL_CHECK(waiting_->first > next_);
  if (writer_.rows() > 0) return false;
  next_ = waiting_->first;
  writer_.begin(std::max(next_, committed_));
  return true;
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
  runner_.run(batch, accepted);
  if (!show && fault(Fault::apply_twice)) runner_.run(batch, accepted);
  if (!show) return;
  count(totals_, batch);
  writer_.add(batch, plan_.include_features, plan_.reason_names);
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
  noted_.newest_event = runner_.newest_event();
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
