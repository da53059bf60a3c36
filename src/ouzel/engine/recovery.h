/// Recovery of the lanes: what the log and the snapshots say about each partition, and from where
/// its state must be replayed. Start-up is always this; there is no other way in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/types.h"
#include "ouzel/lane/plan.h"
#include "ouzel/lane/snapshot_slots.h"
#include "ouzel/log/segment/segment_log.h"

namespace ouzel {

/// What is known of one partition before its lane runs.
struct PartitionFound {
  std::vector<SnapshotHeader> snapshots;  ///< Newest first.
  Offset accepted{};                      ///< Events below are in the log.
  Offset committed{};                     ///< Outcomes below are in the log.
  Totals totals;                          ///< At `committed`.
  EventTime newest_event{};
  Hash128 plan;               ///< In force at `committed`; zero: none yet.
  Offset plan_since{};        ///< From which event, as far as it is known.
  Offset foreign_end{};       ///< Behind the last event that another plan than `running` decided.
  Offset oldest{};            ///< The oldest event that is still there.
  LogPosition replay_from{};  ///< Where its replay begins.
  Offset replay_offset{};     ///< The first event of the replay.
  bool rebuilt = false;       ///< The state comes from retained input alone.
  std::string stopped;        ///< Why the partition cannot go on; empty: it can.
};

/// The highest log position that any snapshot names.
LogPosition witnessed_by(const std::vector<PartitionFound>& partitions);
/// The same, read from the snapshots of a data directory.
LogPosition witnessed_in(FileSystem& fs, const std::string& data_dir, std::uint64_t log_id,
                         std::uint16_t partitions);

/// Reads the log from where the oldest newest snapshot begins and fills in all but the replay, for
/// a start of the plan `running`. Damage stops the partitions that it touches.
Result<void> survey(SegmentLog& log, const Hash128& running,
                    std::vector<PartitionFound>& partitions);

struct ReplayChoice {
  Hash128 plan;          ///< The plan that will run.
  Hash128 state;         ///< Its state hash.
  bool rebuild = false;  ///< The operator asks to rebuild from retained input.
  /// Whether this plan made its state of just the retained events; absent: nobody wrote it down.
  std::optional<bool> exact;
};
/// Chooses the snapshot to start from (`restore` tries one; false: it is damaged) or a rebuild. A
/// snapshot counts if its state means the same to this plan, and if this plan decided all events
/// behind it: those are replayed, and the state must become what it was.
void choose_replay(PartitionFound& partition, const ReplayChoice& choice,
                   const std::function<bool(const SnapshotHeader&)>& restore);

}  // namespace ouzel
