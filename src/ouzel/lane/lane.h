/// Lane: the state machine of one partition. Takes event frames from its inbox, runs the plan over
/// their rows (row_runner.h) and commits the outcomes as one frame.
///
/// One thread at a time calls `step` (a worker, or a test). Results depend on the input alone; how
/// it was cut into frames, steps and commits does not matter. Takes a snapshot when asked, in
/// slices between commits.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/histogram.h"
#include "ouzel/lane/ledger.h"
#include "ouzel/lane/plan.h"
#include "ouzel/lane/row_runner.h"
#include "ouzel/lane/snapshot_slots.h"
#include "ouzel/log/inbox.h"
#include "ouzel/log/log.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {

struct LaneOptions {
  std::uint32_t commit_rows_max = 256;  ///< A commit ends at the frame that reaches this.
  std::uint32_t snapshot_chunks = 8;    ///< Copied a step while a snapshot is taken.
};

/// A snapshot whose parts are written; what is left is to publish it once `commit` is durable.
struct SnapshotJob {
  SnapshotSlots* slots = nullptr;
  SnapshotHeader header;
  AppendNumber commit{};
  SteadyTime begun{};
};

/// What a lane works with; all must outlive it.
struct LaneSeams {
  const Plan* plan = nullptr;
  Log* log = nullptr;
  const Clock* clock = nullptr;
  PartitionInput* input = nullptr;
  std::mutex* ledger_mutex = nullptr;
  Ledger* ledger = nullptr;
  SnapshotSlots* slots = nullptr;
  /// Takes over a finished snapshot; the lane takes no other until `snapshot_published`.
  std::function<void(SnapshotJob)> publish;
  /// Another plan is in force from `from` on, by the commit of this append number.
  std::function<void(PartitionId, Offset from, AppendNumber)> switched;
  /// The input's offsets may skip numbers, as Kafka's do; a commit never spans such a hole.
  bool holes = false;
};

class Lane {
 public:
  Lane(PartitionId partition, LaneSeams seams, LaneOptions options);
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // -- recovery, before the first step ----------------------------------------------------------
  /// Takes the state of a snapshot of `slots`. Errors: corrupt (then the lane is empty again).
  Result<void> restore(SnapshotSlots& slots, const SnapshotHeader& header, std::string* duplicates);
  /// Takes the state of a lane of the same partition and state hash that has been stopped, in place
  /// of `restore`; that one is of no use afterwards.
  void take_state(Lane& from);
  /// Where the log's outcomes end: rows below are replayed for their state only. `switched`:
  /// another plan was in force there, so the first commit says that this one is now.
  void resume_at(Offset first, Offset committed, const Totals& totals, bool switched);
  void set_snapshot_number(std::uint64_t number) { snapshot_number_ = number; }
  /// The newest snapshot that this plan can use holds the state at this event.
  void set_captured(Offset next) { captured_next_.store(next.value()); }

  /// Works on what has arrived, up to about `commit_rows_max` rows. Returns how much it did: rows,
  /// and one for a commit without rows; 0: nothing to do.
  std::size_t step();
  /// There is something to do without new input.
  bool busy() const { return capturing_.load(std::memory_order_relaxed); }
  /// Asks for a snapshot at the next commit boundary. Thread-safe.
  void request_snapshot() { snapshot_wanted_.store(true, std::memory_order_release); }
  /// The newest snapshot holds the state of all that was worked on. Thread-safe; for a lane that
  /// gets nothing new.
  bool captured() const { return captured_next_.load() == next_shown_.load(); }
  /// No snapshot is asked for or under way. Thread-safe.
  bool snapshot_idle() const {
    return !snapshot_wanted_.load() && !capturing_.load() && !publishing_.load();
  }
  /// The last job is done (from the publisher's thread).
  void snapshot_published() { publishing_.store(false, std::memory_order_release); }

  PartitionId partition() const { return partition_; }
  /// Events below have been worked on. Thread-safe.
  Offset next() const { return Offset(next_shown_.load(std::memory_order_acquire)); }
  std::uint64_t keys() const { return keys_shown_.load(std::memory_order_relaxed); }
  /// Of the rows of its keys. Thread-safe.
  std::uint64_t state_bytes() const { return keys() * row_bytes_; }
  std::uint64_t keys_evicted() const { return evicted_shown_.load(std::memory_order_relaxed); }
  const Histogram& batch_rows() const { return batch_rows_; }
  const RowRunner& runner() const { return runner_; }

 private:
  bool next_frame();
  void take(InputFrame frame);
  void run(Batch& batch, WallTime accepted, bool show);
  void commit();
  void begin_capture();
  void capture_slice();
  void finish_capture();
  void abandon_capture(const Error& error);

  const PartitionId partition_;
  const LaneSeams seams_;
  const LaneOptions options_;
  const Plan& plan_;
  RowRunner runner_;
  const std::size_t row_bytes_;  ///< Of a key's state.

  Offset next_{};       ///< The next event to work on.
  Offset committed_{};  ///< Outcomes below are in the log.
  Totals totals_;
  bool switch_pending_ = false;
  CommitWriter writer_;
  InForce in_force_;
  NotedCommit noted_;
  std::optional<InputFrame> waiting_;  ///< Popped, and behind a hole: for the next commit.
  AppendNumber last_commit_{};

  std::atomic<bool> snapshot_wanted_{false};
  std::atomic<bool> publishing_{false};
  std::atomic<bool> capturing_{false};
  std::atomic<std::uint64_t> captured_next_{~std::uint64_t{0}};
  bool capture_failed_ = false;
  std::uint64_t snapshot_number_ = 0;
  std::uint64_t epoch_ = 1;
  std::size_t capture_at_ = 0;
  SnapshotHeader capture_;
  SteadyTime capture_begun_{};
  std::string captured_shared_;

  std::atomic<std::uint64_t> next_shown_{0};
  std::atomic<std::uint64_t> keys_shown_{0};
  std::atomic<std::uint64_t> evicted_shown_{0};
  Histogram batch_rows_;
};

}  // namespace ouzel
