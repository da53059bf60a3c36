#include "ouzel/lane/chunk_arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>

#include "ouzel/base/check.h"

namespace ouzel {
namespace {

std::size_t rounded(std::size_t bytes) {
  return (bytes + ChunkArena::kHugeBytes - 1) / ChunkArena::kHugeBytes * ChunkArena::kHugeBytes;
}

/// Address space at a multiple of a huge page's size.
std::byte* map_aligned(std::size_t bytes) {
  const std::size_t spare = ChunkArena::kHugeBytes;
  void* const got = ::mmap(nullptr, bytes + spare, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  OUZEL_CHECK(got != MAP_FAILED);
  const auto begin = reinterpret_cast<std::uintptr_t>(got);
  const std::size_t front = (spare - begin % spare) % spare;
  auto* const out = static_cast<std::byte*>(got) + front;
  if (front > 0) ::munmap(got, front);
  ::munmap(out + bytes, spare - front);
  return out;
}

}  // namespace

ChunkArena::ChunkArena(std::size_t chunk_bytes)
    : chunk_bytes_(chunk_bytes), block_bytes_(std::max(kBlockBytes, rounded(chunk_bytes))) {
  OUZEL_CHECK(chunk_bytes > 0 && chunk_bytes % 64 == 0);
}

ChunkArena::~ChunkArena() { clear(); }

std::byte* ChunkArena::take() {
  if (blocks_.empty() || used_ + chunk_bytes_ > block_bytes_) map_block();
  std::byte* const out = blocks_.back() + used_;
  used_ += chunk_bytes_;
  return out;
}

void ChunkArena::map_block() {
  std::byte* const block = map_aligned(block_bytes_);
  // A small table stays on small pages. The advice may be refused: then pages are small.
  if (!blocks_.empty()) ::madvise(block, block_bytes_, MADV_HUGEPAGE);
  blocks_.push_back(block);
  used_ = 0;
}

void ChunkArena::clear() {
  for (std::byte* block : blocks_) ::munmap(block, block_bytes_);
  blocks_.clear();
  used_ = 0;
}

}  // namespace ouzel
