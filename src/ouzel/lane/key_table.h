/// KeyTable: the state of one lane's keys, one row of fixed size per key, bounded.
///
/// Rows stand in chunks of at most 64 KiB (one row if a row is larger) that are allocated as keys
/// come and never move, so a row's address stays valid as long as the table. At `keys_max` keys the
/// least recently seen one makes room: its row is zeroed and reused.
///
/// What must survive lies in the chunks and in one KeyTableState; the hash index and the list of
/// least recent use are rebuilt from the rows. Each row notes the number of the look-up that last
/// saw it, so the order of eviction survives exactly and a look-up changes no other row.
///
/// Snapshots copy whole chunks, later and bit by bit, but as they were at one instant: the owner
/// marks chunks as pending, and a pending chunk is handed to the owner's callback before its first
/// change. A stamp per chunk tells which chunks changed since an epoch.
///
/// Owns its memory: about rows * row_bytes + 24 bytes a key. One thread. Errors: corrupt, from
/// restored bytes only. Cost: one probe of an 8-byte-per-entry index, one row header, two links.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "ouzel/base/bytes.h"
#include "ouzel/base/error.h"
#include "ouzel/base/hash.h"
#include "ouzel/base/types.h"
#include "ouzel/batch/batch.h"
#include "ouzel/lane/chunk_arena.h"

namespace ouzel {

/// No row.
inline constexpr std::uint32_t kNoSlot = 0xffffffffU;

/// Stands in front of the stages' bytes in every row.
struct KeyHeader {
  Hash128 key;
  EventTime newest;        ///< Of the key's events that were not rejected; kNoTime when new.
  std::uint64_t seen = 0;  ///< Number of the look-up that saw the key last; 0: the row is free.
};
static_assert(sizeof(KeyHeader) == 32 && std::is_trivially_copyable_v<KeyHeader>);

struct KeyTableOptions {
  std::size_t state_bytes = 0;  ///< Of all stages; a multiple of 8.
  std::size_t keys_max = 0;     ///< At least 1, at most 2^31.
};

/// With the chunks, all that makes the table.
struct KeyTableState {
  std::uint64_t seen = 0;  ///< Look-ups so far.
  std::uint32_t size = 0;  ///< Rows in use: slots 0 … size - 1.
  std::uint32_t row_bytes = 0;
};

class KeyTable {
 public:
  static constexpr std::size_t kChunkBytesMax = 64 * 1024;

  explicit KeyTable(KeyTableOptions options);
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;

  /// kNoSlot if the key has no row. Does not count as seeing the key.
  std::uint32_t find(const Hash128& key) const;
  /// The key's row, made (zero-filled, at the cost of the least recently seen key's) if it has
  /// none. The key becomes the most recently seen; its chunk counts as changed from here on, so
  /// the row may be written until the next `set_epoch` or `mark_pending`. A row stays its key's for
  /// at least `keys_max` - 1 further look-ups, so that many may be in hand at once.
  std::uint32_t find_or_insert(const Hash128& key);

  /// The stages' bytes of a row, 8-byte aligned.
  std::byte* row(std::uint32_t slot) { return row_at(slot) + sizeof(KeyHeader); }
  KeyHeader& header(std::uint32_t slot) { return *reinterpret_cast<KeyHeader*>(row_at(slot)); }
  const KeyHeader& header(std::uint32_t slot) const {
    return *reinterpret_cast<const KeyHeader*>(row_at(slot));
  }

  /// Brings what `find` will read closer: first of all keys the index, then of all keys the row.
  void prefetch(const Hash128& key) const {
    __builtin_prefetch(index_.data() + (tag_of(key) & index_mask_));
  }
  void prefetch_row(const Hash128& key) const;

  std::size_t size() const { return size_; }
  std::size_t keys_max() const { return keys_max_; }
  std::size_t row_bytes() const { return row_bytes_; }  ///< Of one key, its header included.
  std::uint64_t evicted() const { return evicted_; }    ///< Since it was made or handed on.
  std::size_t memory_bytes() const;

  // -- snapshots ------------------------------------------------------------------------------
  std::size_t chunks() const { return chunks_.size(); }
  std::size_t chunk_bytes() const { return chunk_bytes_; }
  std::size_t chunk_of(std::uint32_t slot) const { return slot >> chunk_shift_; }
  Bytes chunk(std::size_t index) const { return {chunks_[index], chunk_bytes()}; }
  KeyTableState state() const;

  /// Chunks changed from here on bear this stamp; it never goes down.
  void set_epoch(std::uint64_t epoch);
  /// The epoch in which a chunk last changed; 0: not since it was restored.
  std::uint64_t stamp(std::size_t index) const { return marks_[index].stamp; }
  /// `copy` receives a pending chunk once, while its bytes are still those of `mark_pending`.
  void set_copy(std::function<void(std::size_t index)> copy) { copy_ = std::move(copy); }
  void mark_pending(std::size_t index) { marks_[index].pending = true; }
  bool pending(std::size_t index) const { return marks_[index].pending; }
  /// The table has another owner: no chunk is pending, and `evicted` counts from 0.
  void hand_on();
  /// Hands the chunk to `copy` now, if it is pending.
  void copy_if_pending(std::size_t index);

  /// Into an empty table, in any order, then `finish_restore` once. After an error the table is
  /// empty again.
  Result<void> restore_chunk(std::size_t index, Bytes bytes);
  Result<void> finish_restore(const KeyTableState& state);

 private:
  struct Entry {
    std::uint32_t tag = 0;  ///< Low bits of the hash: home is tag & mask.
    std::uint32_t slot = kNoSlot;
  };
  struct Link {
    std::uint32_t newer = kNoSlot;
    std::uint32_t older = kNoSlot;
  };
  struct Mark {
    std::uint64_t stamp = 0;
    bool pending = false;
  };

  static std::uint32_t tag_of(const Hash128& key) { return static_cast<std::uint32_t>(key.low); }
  std::byte* row_at(std::uint32_t slot) const {
    return chunks_[slot >> chunk_shift_] + (slot & chunk_mask_) * row_bytes_;
  }
  void touch(std::uint32_t slot);
  std::uint32_t insert(const Hash128& key);
  std::uint32_t take_free_row();
  std::uint32_t evict_oldest();
  void index_insert(std::uint32_t tag, std::uint32_t slot);
  void index_erase(std::uint32_t slot);
  void grow_index();
  void link_newest(std::uint32_t slot);
  void unlink(std::uint32_t slot);
  Result<void> check_rows(const KeyTableState& state) const;
  Result<void> rebuild(const KeyTableState& state);
  void clear();

  const std::size_t row_bytes_;
  const std::size_t keys_max_;
  const unsigned chunk_shift_;  ///< log2 of the rows in a chunk.
  const std::uint32_t chunk_mask_;
  const std::size_t chunk_bytes_;  ///< A multiple of a cache line.
  ChunkArena arena_;
  std::vector<std::byte*> chunks_;  ///< In the arena; null while a restore has left it out.
  std::vector<Mark> marks_;         ///< One per chunk.
  std::vector<Entry> index_;        ///< Open addressing, linear probing, a power of two.
  std::uint32_t index_mask_ = 0;
  std::vector<Link> links_;  ///< One per row in use.
  std::uint32_t newest_ = kNoSlot;
  std::uint32_t oldest_ = kNoSlot;
  std::uint32_t size_ = 0;
  std::uint64_t seen_ = 0;
  std::uint64_t evicted_ = 0;
  std::uint64_t epoch_ = 1;
  std::function<void(std::size_t)> copy_;
};

}  // namespace ouzel
