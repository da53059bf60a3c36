#include "ouzel/lane/key_table.h"

#include <gtest/gtest.h>

#include <cstring>
#include <list>
#include <map>
#include <string>
#include <unordered_map>

#include "ouzel/base/random.h"

namespace ouzel {
namespace {

constexpr std::size_t kStateBytes = 600;  // Several chunks even for few keys.

Hash128 key_of(std::uint64_t number) {
  return hash128(std::string_view(reinterpret_cast<const char*>(&number), sizeof(number)));
}

std::uint64_t& counter(KeyTable& table, std::uint32_t slot) {
  return *reinterpret_cast<std::uint64_t*>(table.row(slot) + kStateBytes - 8);
}

/// What the table must do, written with the standard library: a count per key, least recent out.
class Model {
 public:
  explicit Model(std::size_t keys_max) : keys_max_(keys_max) {}
  /// The count before this call; 0 for a new key.
  std::uint64_t see(std::uint64_t key) {
    const auto found = places_.find(key);
    std::uint64_t count = 0;
    if (found != places_.end()) {
      count = found->second->second;
      order_.erase(found->second);
    } else if (order_.size() == keys_max_) {
      places_.erase(order_.back().first);
      order_.pop_back();
      ++evicted;
    }
    order_.emplace_front(key, count + 1);
    places_[key] = order_.begin();
    return count;
  }
  bool has(std::uint64_t key) const { return places_.contains(key); }
  std::size_t size() const { return order_.size(); }
  std::uint64_t evicted = 0;

 private:
  std::size_t keys_max_;
  std::list<std::pair<std::uint64_t, std::uint64_t>> order_;
  std::unordered_map<std::uint64_t, decltype(order_)::iterator> places_;
};

std::unique_ptr<KeyTable> make(std::size_t keys_max) {
  return std::make_unique<KeyTable>(
      KeyTableOptions{.state_bytes = kStateBytes, .keys_max = keys_max});
}

std::unique_ptr<KeyTable> restored(const KeyTable& from) {
  auto table = make(from.keys_max());
  for (std::size_t i = from.chunks(); i-- > 0;) {
    EXPECT_TRUE(table->restore_chunk(i, from.chunk(i)).has_value());
  }
  const auto done = table->finish_restore(from.state());
  EXPECT_TRUE(done.has_value()) << done.error().message;
  return table;
}

/// Few keys are frequent, many are rare, as devices and typing errors are.
std::uint64_t draw_key(Random& random) {
  return random.chance(0.5) ? random.below(50) : random.below(1000);
}

TEST(KeyTable, EqualsAModelAndGoesOnAfterARestore) {
  for (const std::size_t keys_max : {1, 2, 7, 400, 2000}) {
    Random random(keys_max);
    Model model(keys_max);
    auto table = make(keys_max);
    std::uint64_t evicted_before = 0;
    for (int step = 0; step < 100'000; ++step) {
      const std::uint64_t key = draw_key(random);
      ASSERT_EQ(table->find(key_of(key)) != kNoSlot, model.has(key)) << step;
      if (random.chance(0.2)) continue;
      const std::uint32_t slot = table->find_or_insert(key_of(key));
      ASSERT_EQ(counter(*table, slot), model.see(key)) << step;
      if (++counter(*table, slot) == 1) {
        ASSERT_EQ(table->header(slot).newest, kNoTime);
      }
      ASSERT_EQ(table->size(), model.size());
      ASSERT_EQ(table->evicted() + evicted_before, model.evicted);
      if (random.chance(0.001)) {
        evicted_before += table->evicted();
        table = restored(*table);
      }
    }
  }
}

TEST(KeyTable, RowsNeverMove) {
  auto table = make(10'000);
  std::vector<std::byte*> rows;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    rows.push_back(table->row(table->find_or_insert(key_of(i))));
  }
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    EXPECT_EQ(table->row(table->find(key_of(i))), rows[i]);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(rows[i]) % 8, 0U);
  }
}

TEST(KeyTable, MemoryFollowsTheKeysNotTheLimit) {
  KeyTable table({.state_bytes = 512 - sizeof(KeyHeader), .keys_max = 1U << 30});
  EXPECT_LT(table.memory_bytes(), 4096U);
  for (std::uint64_t i = 0; i < 20'000; ++i) table.find_or_insert(key_of(i));
  EXPECT_LT(table.memory_bytes(), 20'000 * (512 + 36) + 100'000U);

  auto bounded = make(100);
  for (std::uint64_t i = 0; i < 100; ++i) bounded->find_or_insert(key_of(i));
  const std::size_t full = bounded->memory_bytes();
  for (std::uint64_t i = 100; i < 20'000; ++i) bounded->find_or_insert(key_of(i));
  EXPECT_EQ(bounded->memory_bytes(), full);
  EXPECT_EQ(bounded->evicted(), 19'900U);
}

TEST(KeyTable, ARowLargerThanAChunkHasItsOwn) {
  KeyTable table({.state_bytes = 100'000, .keys_max = 3});
  for (std::uint64_t i = 0; i < 5; ++i) {
    std::memset(table.row(table.find_or_insert(key_of(i))), 0xff, 100'000);
  }
  EXPECT_EQ(table.chunks(), 3U);
}

TEST(KeyTable, ARowStaysItsKeysForAsManyLookUpsAsThereAreRows) {
  constexpr std::size_t kKeysMax = 50;
  auto table = make(kKeysMax);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    table->find_or_insert(key_of(i));
    for (std::uint64_t older = i < kKeysMax ? 0 : i - kKeysMax + 1; older < i; ++older) {
      ASSERT_NE(table->find(key_of(older)), kNoSlot);
    }
  }
}

/// A snapshot taken bit by bit while the table goes on equals one taken at once.
TEST(KeyTable, PendingChunksAreCopiedBeforeTheyChange) {
  Random random(5);
  auto table = make(600);
  std::map<std::size_t, std::string> copied;
  table->set_copy([&](std::size_t index) {
    ASSERT_FALSE(copied.contains(index));
    copied[index] = as_text(table->chunk(index));
  });
  std::uint64_t epoch = 1;
  std::map<std::size_t, std::string> snapshot;  // Kept up to date by changed chunks only.
  for (int round = 0; round < 100; ++round) {
    for (std::uint64_t step = random.below(400); step > 0; --step) {
      ++counter(*table, table->find_or_insert(key_of(draw_key(random))));
    }
    const auto reference = restored(*table);
    const KeyTableState state = table->state();
    const std::size_t chunks = table->chunks();
    for (std::size_t i = 0; i < chunks; ++i) {
      if (table->stamp(i) == epoch) table->mark_pending(i);
    }
    table->set_epoch(++epoch);
    copied.clear();
    for (std::size_t i = 0; i < chunks; ++i) {
      for (std::uint64_t step = random.below(20); step > 0; --step) {
        ++counter(*table, table->find_or_insert(key_of(draw_key(random))));
      }
      table->copy_if_pending(i);
    }
    for (auto& [index, bytes] : copied) snapshot[index] = bytes;
    auto table2 = make(600);
    for (const auto& [index, bytes] : snapshot) {
      ASSERT_TRUE(table2->restore_chunk(index, as_bytes(bytes)).has_value());
      ASSERT_EQ(as_text(reference->chunk(index)), bytes);
    }
    ASSERT_TRUE(table2->finish_restore(state).has_value());
  }
}

TEST(KeyTable, DamagedBytesAreRefusedOrHarmless) {
  auto table = make(300);
  for (std::uint64_t i = 0; i < 310; ++i) ++counter(*table, table->find_or_insert(key_of(i)));
  Random random(9);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> chunks;
    for (std::size_t i = 0; i < table->chunks(); ++i) chunks.emplace_back(as_text(table->chunk(i)));
    KeyTableState state = table->state();
    const std::size_t row_bytes = state.row_bytes;
    std::string& chunk = chunks[random.below(chunks.size())];
    const std::size_t row = random.below(chunk.size() / row_bytes) * row_bytes;
    switch (random.below(6)) {
      case 0: chunk[random.below(chunk.size())] ^= static_cast<char>(1 + random.below(255)); break;
      case 1: std::memcpy(chunk.data() + row, chunk.data(), 16); break;           // Same key.
      case 2: std::memcpy(chunk.data() + row + 24, chunk.data() + 24, 8); break;  // Same turn.
      case 3: state.size = static_cast<std::uint32_t>(random.bits()); break;
      case 4: state.seen = random.below(400); break;
      default: chunks.pop_back(); break;
    }
    auto other = make(300);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      ASSERT_TRUE(other->restore_chunk(i, as_bytes(chunks[i])).has_value());
    }
    const auto done = other->finish_restore(state);
    if (!done) {
      ++refused;
      EXPECT_EQ(done.error().code, ErrorCode::corrupt);
      EXPECT_EQ(other->size(), 0U);
    }
    for (std::uint64_t i = 0; i < 320; ++i) other->find_or_insert(key_of(i));  // Never UB.
    ASSERT_EQ(other->size(), 300U);
  }
  EXPECT_GT(refused, 1500);
}

TEST(KeyTable, RefusesChunksThatDoNotFit) {
  auto table = make(300);
  const std::string bytes(table->chunk_bytes(), '\0');
  EXPECT_FALSE(table->restore_chunk(1'000'000, as_bytes(bytes)).has_value());
  EXPECT_FALSE(table->restore_chunk(0, as_bytes(bytes).subspan(1)).has_value());
  EXPECT_TRUE(table->finish_restore({.row_bytes = make(300)->state().row_bytes}).has_value());
  EXPECT_FALSE(table->finish_restore({.row_bytes = 8}).has_value());
}

}  // namespace
}  // namespace ouzel
