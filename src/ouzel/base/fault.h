/// Planted faults: each breaks one rule of the durability protocol on purpose, so that the crash
/// checker can prove that it would cry. Only in test builds (OUZEL_TEST_HOOKS); in the product
/// `fault()` is the constant false and nothing of this is left.
#pragma once

#include <cstdint>
#include <string_view>

namespace ouzel {

enum class Fault : std::uint8_t {
  none,
  ack_before_sync,            ///< Answer the producer before its bytes are on disk.
  duplicate_before_durable,   ///< Answer a duplicate before its original is durable.
  outcome_before_durable,     ///< Show an outcome before it is durable.
  commit_past_end,            ///< Commit past the end of the events.
  truncate_at_bad_frame,      ///< Recovery cuts at the first bad frame, whatever follows.
  accept_recycled_frame,      ///< Recovery takes a recycled segment's old frame.
  append_to_found_segment,    ///< Recovery goes on writing into the segment it found.
  trust_page_cache,           ///< Recovery takes frames of the page cache for durable ones.
  apply_twice,                ///< Replay applies one frame to the state twice.
  snapshot_ahead,             ///< Publish a snapshot ahead of its commit.
  counter_from_memory,        ///< Restart totals from zero instead of the commit frame.
  lost_directory_entry,       ///< Do not sync the directory of a new segment.
  resend_blindly,             ///< Kafka: send again without asking what the group knows.
  drop_at_abort,              ///< Kafka: forget what a failed transaction held.
  offsets_outside,            ///< Kafka: commit offsets behind the transaction, not in it.
  commit_without_generation,  ///< Kafka: commit as one whom the group need not know.
  hang_in_commit,             ///< Kafka: a call of the library does not come back.
};

/// Places in the work of a Kafka worker where a test build can end as by kill -9.
enum class KillPoint : std::uint8_t {
  before_produce,
  after_produce,    ///< Before the offsets.
  before_commit,    ///< Behind the offsets.
  in_commit,        ///< A moment later, while the commit is under way.
  after_commit,     ///< Decided, and nothing here knows.
  before_assigned,  ///< In the group's callbacks.
  after_assigned,
  before_revoked,
  drained,  ///< Ready to be handed over.
  after_revoked,
  before_snapshot,  ///< Its commit is decided, it is not published.
  after_snapshot,
};

#ifdef OUZEL_TEST_HOOKS
/// True if `which` is planted in this process (environment OUZEL_TEST_FAULT=name).
bool fault(Fault which);
/// Ends this process at the n-th passage (environment OUZEL_TEST_KILL=name:n).
void kill_point(KillPoint here);
#else
constexpr bool fault(Fault) { return false; }
constexpr void kill_point(KillPoint) {}
#endif

}  // namespace ouzel
