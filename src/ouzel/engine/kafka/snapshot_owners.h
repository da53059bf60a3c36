/// SnapshotOwners: the snapshots that the workers of one group have left in their common place, a
/// folder each, and which of them nobody needs any more (docs/format/kafka.md).
///
/// A worker with a new data directory is a new owner, so without removal the folders of those that
/// never come back would add up. Whoever has a partition removes what its own two newest snapshots
/// of it replace. No clock is asked, only the group's offset; so a worker that is told late that it
/// lost the partition removes nothing that is needed either.
///
/// `fs` must outlive it. Thread-safe; several workers may do the same at once. Errors: unavailable.
#pragma once

#include <string>
#include <vector>

#include "ouzel/base/file_system.h"
#include "ouzel/lane/snapshot_slots.h"

namespace ouzel {

/// How it stands with a partition that this worker has.
struct Standing {
  PartitionId partition{};
  Offset committed{};    ///< By the group.
  bool decided = false;  ///< What was committed last was decided by the plan that runs here.
  Hash128 state;         ///< Of that plan (Plan::state_hash).
};

class SnapshotOwners {
 public:
  /// `own` is the folder of this worker, `log_id` that of its snapshots.
  SnapshotOwners(FileSystem& fs, std::string root, std::string own, std::uint64_t log_id)
      : fs_(fs), root_(std::move(root)), own_(std::move(own)), log_id_(log_id) {}

  SnapshotPlace own(PartitionId partition) const;
  /// Of the group's other workers, dead or alive.
  Result<std::vector<SnapshotPlace>> others(PartitionId partition) const;

  /// Removes the others' snapshots of a partition that no reader can prefer again, and folders that
  /// are empty. False: there are not yet two of our own that could replace them.
  Result<bool> remove_replaced(const Standing& standing) const;

 private:
  FileSystem& fs_;
  const std::string root_;
  const std::string own_;
  const std::uint64_t log_id_;
};

}  // namespace ouzel
