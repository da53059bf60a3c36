/// ChunkArena: memory for chunks of one size, zero-filled, that never moves.
///
/// Taken from the system in blocks of kBlockBytes of address space, which cost memory only where
/// they are touched; all but the first block on huge pages where the system has them: with
/// gigabytes of keys the page faults of 4 KiB pages cost more than the work on the keys, and each
/// key misses the translation cache.
///
/// Owns its memory; a chunk lives as long as the arena, or until `clear`. One thread. Without
/// memory the program stops (OUZEL_CHECK), as with every other allocation.
#pragma once

#include <cstddef>
#include <vector>

namespace ouzel {

class ChunkArena {
 public:
  static constexpr std::size_t kBlockBytes = std::size_t{16} << 20;
  static constexpr std::size_t kHugeBytes = std::size_t{2} << 20;  ///< Of a huge page.

  /// `chunk_bytes` is a multiple of 64: chunks are aligned to it.
  explicit ChunkArena(std::size_t chunk_bytes);
  ~ChunkArena();
  ChunkArena(const ChunkArena&) = delete;
  ChunkArena& operator=(const ChunkArena&) = delete;

  /// The next chunk, all zero.
  std::byte* take();
  void clear();

 private:
  void map_block();

  const std::size_t chunk_bytes_;
  const std::size_t block_bytes_;  ///< At least kBlockBytes, and room for a chunk.
  std::vector<std::byte*> blocks_;
  std::size_t used_ = 0;  ///< Bytes of the last block.
};

}  // namespace ouzel
