#include "ouzel/lane/chunk_arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace ouzel {
namespace {

bool all_zero(const std::byte* bytes, std::size_t size) {
  return std::all_of(bytes, bytes + size, [](std::byte b) { return b == std::byte{0}; });
}

TEST(ChunkArena, ChunksAreZeroAlignedAndApart) {
  constexpr std::size_t kChunk = 40 * 1024;
  ChunkArena arena(kChunk);
  std::vector<std::byte*> chunks;
  for (std::size_t i = 0; i < 2 * ChunkArena::kBlockBytes / kChunk; ++i) {
    std::byte* const chunk = arena.take();
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(chunk) % 64, 0U);
    ASSERT_TRUE(all_zero(chunk, kChunk));
    std::memset(chunk, static_cast<int>(i % 255) + 1, kChunk);
    chunks.push_back(chunk);
  }
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const auto mark = static_cast<std::byte>(i % 255 + 1);
    ASSERT_EQ(chunks[i][0], mark);
    ASSERT_EQ(chunks[i][kChunk - 1], mark);
  }
}

TEST(ChunkArena, AfterClearItBeginsAgainWithZeros) {
  ChunkArena arena(4096);
  std::memset(arena.take(), 1, 4096);
  arena.clear();
  EXPECT_TRUE(all_zero(arena.take(), 4096));
}

TEST(ChunkArena, AChunkMayBeLargerThanABlock) {
  constexpr std::size_t kChunk = ChunkArena::kBlockBytes + 64;
  ChunkArena arena(kChunk);
  std::byte* const first = arena.take();
  first[kChunk - 1] = std::byte{7};
  std::byte* const second = arena.take();
  second[0] = std::byte{9};
  EXPECT_EQ(first[kChunk - 1], std::byte{7});
}

}  // namespace
}  // namespace ouzel
