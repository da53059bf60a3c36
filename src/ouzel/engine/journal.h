/// The journal: when which plan came into force in which partition, kept long in the second log. A
/// copy of what the outcome frames say (they are the truth), so it may lag a crash behind and is
/// completed at the next start; a record is idempotent by partition and offset.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "ouzel/base/hash.h"
#include "ouzel/log/segment/segment_log.h"

namespace ouzel {

struct JournalEntry {
  PartitionId partition{};
  Offset from{};  ///< The first event that the plan decided.
  Hash128 plan;
  Offset rebuilt_from{};   ///< Its state was made of the events from here on, by this plan.
  bool continued = false;  ///< Instead it went on with the state of the plan before.
};

/// Owns the second log. One thread at a time.
class Journal {
 public:
  static Result<std::unique_ptr<Journal>> open(FileSystem& fs, const Clock& clock,
                                               const std::string& directory, std::uint64_t log_id);
  /// The newest entry of a partition; null: none.
  const JournalEntry* newest(PartitionId partition) const;
  /// The plans that decided events of a partition from its offset in `oldest` on. Reads all of it.
  Result<std::set<Hash128>> plans_since(std::span<const Offset> oldest) const;
  /// Writes the entry durably unless it is there already.
  Result<void> add(const JournalEntry& entry);
  /// Witnesses and seals; nothing can be added after.
  void close();
  const RecoveryReport& report() const { return log_->report(); }

 private:
  std::unique_ptr<SegmentLog> log_;
  const Clock* clock_ = nullptr;
  std::map<PartitionId, JournalEntry> newest_;
  std::map<PartitionId, Offset> next_;
};

}  // namespace ouzel
