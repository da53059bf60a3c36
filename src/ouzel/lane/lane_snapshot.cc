// How a lane takes a snapshot: the small parts at once, the key rows chunk by chunk over the next
// steps; a chunk that is about to change is copied first (KeyTable's callback).

#include <algorithm>

#include "ouzel/base/fault.h"
#include "ouzel/base/logging.h"
#include "ouzel/lane/lane.h"

namespace ouzel {

void Lane::begin_capture() {
  capturing_.store(true, std::memory_order_release);
  snapshot_wanted_.store(false, std::memory_order_release);
  KeyTable& keys = runner_.state().keys();
  // Read before the door's offset: an event that is not appended yet will stand at or above it.
  const LogPosition durable = seams_.log->durable_end();
  capture_ = {
      .number = ++snapshot_number_, .plan = plan_.hash, .state = plan_.state_hash, .next = next_};
  Offset accepted;
  {
    const std::lock_guard lock(seams_.input->mutex);
    accepted = seams_.input->next;
  }
  capture_.resume = durable;
  if (accepted > next_) {
    const auto found = seams_.log->find(Topic::events, partition_, next_);
    if (!found) return abandon_capture(found.error());
    capture_.resume = std::min(*found, durable);
  }
  capture_begun_ = seams_.clock->steady();
  capture_.newest_event = runner_.newest_event();
  capture_.totals = totals_;
  capture_.keys = keys.state();
  capture_.chunks = keys.chunks();
  captured_shared_ = runner_.state().shared();
  const auto since = seams_.slots->begin(capture_.number, epoch_, keys.chunk_bytes());
  if (!since) return abandon_capture(since.error());
  for (std::size_t i = 0; i < keys.chunks(); ++i) {
    if (!*since || keys.stamp(i) > **since) keys.mark_pending(i);
  }
  keys.set_epoch(++epoch_);
  capture_failed_ = false;
  capture_at_ = 0;
}

void Lane::capture_slice() {
  KeyTable& keys = runner_.state().keys();
  std::uint32_t copied = 0;
  while (capture_at_ < capture_.chunks && copied < options_.snapshot_chunks && !capture_failed_) {
    if (keys.pending(capture_at_)) {
      keys.copy_if_pending(capture_at_);
      ++copied;
    }
    ++capture_at_;
  }
  if (capture_failed_) {
    for (std::size_t i = 0; i < keys.chunks(); ++i) keys.copy_if_pending(i);
    return abandon_capture({ErrorCode::unavailable, "a chunk could not be written"});
  }
  if (capture_at_ == capture_.chunks) finish_capture();
}

void Lane::finish_capture() {
  // A megabyte that lives for the write alone. It may be newer than the rest: what was accepted
  // meanwhile is replayed and found again.
  std::string duplicates;
  {
    const std::lock_guard lock(seams_.input->mutex);
    duplicates = seams_.input->duplicates.save(seams_.input->next);
  }
  const auto finished = seams_.slots->finish(capture_, captured_shared_, duplicates);
  if (!finished) return abandon_capture(finished.error());
  publishing_.store(true, std::memory_order_release);
  capturing_.store(false, std::memory_order_release);
  captured_next_.store(capture_.next.value(), std::memory_order_relaxed);
  seams_.publish(
      {.slots = seams_.slots, .header = capture_, .commit = last_commit_, .begun = capture_begun_});
}

/// The older snapshots stay; recovery only takes longer.
void Lane::abandon_capture(const Error& error) {
  capturing_.store(false, std::memory_order_release);
  capture_failed_ = false;
  logging::warn("snapshot given up",
                {{"partition", std::to_string(partition_.value())}, {"why", error.message}});
}

}  // namespace ouzel
