/// KafkaPartition: a partition that this member of the group has: its lane, what feeds it, its
/// snapshots, and the records whose outcomes are not committed yet.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ouzel/engine/recovery.h"
#include "ouzel/lane/lane.h"
#include "ouzel/lane/worker.h"
#include "ouzel/log/kafka/consumer.h"

namespace ouzel {

/// Records from their fetch until their outcome is committed: a rejected one is written out as it
/// came. Thread-safe.
class Originals {
 public:
  void push(KafkaMessage message);
  /// Valid until `drop`. Null: not there (a replayed one, whose outcome stands).
  const Record* find(Offset offset) const;
  void drop_below(Offset end);
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  static std::uint64_t size_of(const Record& record);

  mutable std::mutex mutex_;
  std::deque<KafkaMessage> messages_;  ///< By offset.
  std::atomic<std::uint64_t> bytes_{0};
};

struct KafkaPartition {
  KafkaPartition(PartitionId partition, std::shared_ptr<const Plan> what)
      : id(partition), plan(std::move(what)), input(0) {}

  const PartitionId id;
  const std::shared_ptr<const Plan> plan;  ///< Of its lane.
  PartitionInput input;
  Originals originals;
  std::unique_ptr<SnapshotSlots> slots;  ///< This member's own.
  std::mutex ledger_mutex;
  Ledger ledger;
  PartitionFound found;
  /// Where the first commit of this member began, and its rows; of the log's thread.
  std::optional<std::pair<Offset, std::uint32_t>> first_commit;
  std::unique_ptr<Lane> lane;  ///< Null: stopped, `found.stopped` says why.
  Worker* worker = nullptr;
  /// Behind all that there was when the partition was last read to its end: a record need not stand
  /// right before it, as there are marks of transactions too.
  std::atomic<Offset> read_to{Offset{}};
  bool out_of_place = false;  ///< Records come from elsewhere than `input.next`: none is taken.
  // Of the keeper.
  bool published = false;  ///< A snapshot, since other owners' were last looked at.
  SteadyTime cleaned{};    ///< When those that were replaced were last removed.
};

}  // namespace ouzel
