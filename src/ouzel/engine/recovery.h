/// Recovery of the lanes: what the log and the snapshots say about each partition, and from where
/// its state must be replayed. Start-up is always this; there is no other way in.
#pragma once

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

/// Reads the log from where the oldest newest snapshot begins and fills in all but the replay.
/// Damage stops the partitions that it touches.
Result<void> survey(SegmentLog& log, std::vector<PartitionFound>& partitions);

struct ReplayChoice {
  Hash128 plan;          ///< The plan that will run.
  bool rebuild = false;  ///< The operator asks to rebuild from retained input.
};
/// Chooses the snapshot to start from (`restore` tries one; false: it is damaged) or a rebuild.
void choose_replay(PartitionFound& partition, const ReplayChoice& choice,
                   const std::function<bool(const SnapshotHeader&)>& restore);

}  // namespace ouzel
