/// The snapshots of one lane on disk: three files that are written in turn, so that two whole ones
/// are always kept (docs/format/snapshot.md). A slot is rewritten incrementally: only the chunks
/// that changed since that slot's last content.
///
/// `write_chunk`, `finish` and `publish` may come from different threads, one at a time.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/bytes.h"
#include "ouzel/base/file_system.h"
#include "ouzel/base/hash.h"
#include "ouzel/base/types.h"
#include "ouzel/lane/key_table.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {

inline constexpr std::size_t kSnapshotSlots = 3;

/// What a snapshot says about itself.
struct SnapshotHeader {
  std::uint64_t log_id = 0;
  PartitionId partition{};
  std::uint64_t number = 0;  ///< Grows by one from snapshot to snapshot of a lane.
  Hash128 plan;
  Hash128 state;          ///< Plan::state_hash; zero: written by version 1, which lacks it.
  Offset next{};          ///< The state is that of all events before this one.
  LogPosition resume{};   ///< No event from `next` on stands before this position.
  LogPosition durable{};  ///< The log was on disk up to here when this was published.
  EventTime newest_event{};
  Totals totals;
  KeyTableState keys;
  std::uint64_t chunks = 0;
  std::uint64_t chunk_bytes = 0;
  std::uint64_t shared_bytes = 0;
  std::uint64_t duplicates_bytes = 0;
  std::uint32_t shared_crc = 0;
  std::uint32_t duplicates_crc = 0;
  std::uint32_t chunks_crc = 0;  ///< Of the chunks' own checksums, in order.
};

struct SnapshotPlace {
  std::string directory;
  std::uint64_t log_id = 0;
  PartitionId partition{};
};

class SnapshotSlots {
 public:
  SnapshotSlots(FileSystem& fs, SnapshotPlace place);

  /// Headers that count, newest first. Notes tell of files that do not.
  std::vector<SnapshotHeader> find(std::vector<std::string>* notes);
  /// Reads a found snapshot: the three parts. Errors: corrupt, unavailable.
  Result<void> read(const SnapshotHeader& header, KeyTable& keys, std::string& shared,
                    std::string& duplicates);

  /// Removes the files whose snapshot `useless` picks, each looked at just before, and those that
  /// hold none because a crash came in between. What is damaged, of another version or of another
  /// log stays. For a folder that nobody writes to: an owner that is there after all makes a new
  /// file for its next snapshot.
  Result<void> remove(const std::function<bool(const SnapshotHeader&)>& useless);

  /// Begins the next snapshot, of epoch `epoch`, in the slot whose turn it is. Only chunks that
  /// changed after the epoch it returns need writing; nullopt: all do.
  Result<std::optional<std::uint64_t>> begin(std::uint64_t number, std::uint64_t epoch,
                                             std::size_t chunk_bytes);
  Result<void> write_chunk(std::size_t index, Bytes bytes);
  /// All chunks are there: writes the other parts; fills in the header's checksums and sizes.
  Result<void> finish(SnapshotHeader& header, std::string_view shared, std::string_view duplicates);
  /// Syncs everything, then writes and syncs the header, which makes it count.
  Result<void> publish(const SnapshotHeader& header);

  std::uint64_t bytes_on_disk() const;

 private:
  struct Slot {
    std::unique_ptr<File> file;
    std::uint64_t number = 0;            ///< Of the snapshot it holds; 0: none that is known.
    std::optional<std::uint64_t> epoch;  ///< Chunks changed after it differ; absent: any may.
    std::vector<std::uint32_t> crcs;     ///< Of its chunks.
    std::atomic<std::uint64_t> bytes{0};
  };
  std::string path(std::size_t slot) const;
  void forget_removed();

  FileSystem& fs_;
  const SnapshotPlace place_;
  std::array<Slot, kSnapshotSlots> slots_;
  std::size_t writing_ = 0;
  std::uint64_t writing_epoch_ = 0;
  std::size_t chunk_bytes_ = 0;
};

}  // namespace ouzel
