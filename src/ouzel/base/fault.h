/// Planted faults: each breaks one rule of the durability protocol on purpose, so that the crash
/// checker can prove that it would cry. Only in test builds (OUZEL_TEST_HOOKS); in the product
/// `fault()` is the constant false and nothing of this is left.
#pragma once

#include <cstdint>
#include <string_view>

namespace ouzel {

enum class Fault : std::uint8_t {
  none,
  ack_before_sync,           ///< Answer the producer before its bytes are on disk.
  duplicate_before_durable,  ///< Answer a duplicate before its original is durable.
  outcome_before_durable,    ///< Show an outcome before it is durable.
  commit_past_end,           ///< Commit past the end of the events.
  truncate_at_bad_frame,     ///< Recovery cuts at the first bad frame, whatever follows.
  accept_recycled_frame,     ///< Recovery takes a recycled segment's old frame.
  append_to_found_segment,   ///< Recovery goes on writing into the segment it found.
  trust_page_cache,          ///< Recovery takes frames of the page cache for durable ones.
  apply_twice,               ///< Replay applies one frame to the state twice.
  snapshot_ahead,            ///< Publish a snapshot ahead of its commit.
  counter_from_memory,       ///< Restart totals from zero instead of the commit frame.
  lost_directory_entry,      ///< Do not sync the directory of a new segment.
};

#ifdef OUZEL_TEST_HOOKS
/// True if `which` is planted in this process (environment OUZEL_TEST_FAULT=name).
bool fault(Fault which);
#else
constexpr bool fault(Fault) { return false; }
#endif

}  // namespace ouzel
