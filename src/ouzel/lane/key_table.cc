#include "ouzel/lane/key_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "ouzel/base/check.h"

namespace ouzel {
namespace {

constexpr std::size_t kIndexEntriesMin = 64;
constexpr std::size_t kLineBytes = 64;

std::size_t row_bytes_for(const KeyTableOptions& options) {
  OUZEL_CHECK(options.state_bytes % 8 == 0);
  // Small rows keep their size; larger ones begin on a cache line.
  const std::size_t bytes = sizeof(KeyHeader) + options.state_bytes;
  const std::size_t step = bytes < 256 ? 8 : 64;
  return (bytes + step - 1) / step * step;
}

unsigned chunk_shift_for(std::size_t row_bytes) {
  const std::size_t rows = KeyTable::kChunkBytesMax / row_bytes;
  return rows < 2 ? 0 : static_cast<unsigned>(std::bit_width(rows) - 1);
}

bool all_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

tl::unexpected<Error> corrupt(const std::string& message) {
  return fail(ErrorCode::corrupt, "key table: " + message);
}

}  // namespace

KeyTable::KeyTable(KeyTableOptions options)
    : row_bytes_(row_bytes_for(options)),
      keys_max_(options.keys_max),
      chunk_shift_(chunk_shift_for(row_bytes_)),
      chunk_mask_((1U << chunk_shift_) - 1),
      chunk_bytes_(((row_bytes_ << chunk_shift_) + kLineBytes - 1) / kLineBytes * kLineBytes),
      arena_(chunk_bytes_) {
  OUZEL_CHECK(keys_max_ >= 1 && keys_max_ <= std::size_t{1} << 31);
  clear();
}

std::uint32_t KeyTable::find(const Hash128& key) const {
  const std::uint32_t tag = tag_of(key);
  for (std::uint32_t at = tag & index_mask_;; at = (at + 1) & index_mask_) {
    const Entry& entry = index_[at];
    if (entry.slot == kNoSlot) return kNoSlot;
    if (entry.tag == tag && header(entry.slot).key == key) return entry.slot;
  }
}

std::uint32_t KeyTable::find_or_insert(const Hash128& key) {
  std::uint32_t slot = find(key);
  if (slot == kNoSlot) {
    slot = insert(key);
  } else {
    touch(slot);
    if (slot != newest_) {
      unlink(slot);
      link_newest(slot);
    }
  }
  header(slot).seen = ++seen_;
  return slot;
}

void KeyTable::prefetch_row(const Hash128& key) const {
  const std::uint32_t tag = tag_of(key);
  for (std::uint32_t at = tag & index_mask_; index_[at].slot != kNoSlot;
       at = (at + 1) & index_mask_) {
    if (index_[at].tag != tag) continue;
    const std::byte* row = row_at(index_[at].slot);
    __builtin_prefetch(row);
    __builtin_prefetch(row + kLineBytes);
    __builtin_prefetch(links_.data() + index_[at].slot);
    return;
  }
}

std::size_t KeyTable::memory_bytes() const {
  return chunks_.size() * chunk_bytes() + index_.capacity() * sizeof(Entry) +
         links_.capacity() * sizeof(Link) + marks_.capacity() * sizeof(Mark);
}

KeyTableState KeyTable::state() const {
  return {.seen = seen_, .size = size_, .row_bytes = static_cast<std::uint32_t>(row_bytes_)};
}

void KeyTable::set_epoch(std::uint64_t epoch) {
  OUZEL_CHECK(epoch >= epoch_);
  epoch_ = epoch;
}

void KeyTable::hand_on() {
  evicted_ = 0;
  for (Mark& mark : marks_) mark.pending = false;
}

void KeyTable::copy_if_pending(std::size_t index) {
  if (!marks_[index].pending) return;
  marks_[index].pending = false;
  OUZEL_CHECK(copy_ != nullptr);
  copy_(index);
}

/// Before any change of the row.
void KeyTable::touch(std::uint32_t slot) {
  const std::size_t index = chunk_of(slot);
  copy_if_pending(index);
  marks_[index].stamp = epoch_;
}

std::uint32_t KeyTable::insert(const Hash128& key) {
  const std::uint32_t slot = size_ < keys_max_ ? take_free_row() : evict_oldest();
  header(slot).key = key;
  header(slot).newest = kNoTime;
  index_insert(tag_of(key), slot);
  link_newest(slot);
  return slot;
}

std::uint32_t KeyTable::take_free_row() {
  if (chunk_of(size_) == chunks_.size()) {
    chunks_.push_back(arena_.take());
    marks_.emplace_back();
  }
  links_.emplace_back();
  touch(size_);
  return size_++;
}

std::uint32_t KeyTable::evict_oldest() {
  const std::uint32_t slot = oldest_;
  touch(slot);
  index_erase(slot);
  unlink(slot);
  std::memset(row_at(slot), 0, row_bytes_);
  ++evicted_;
  return slot;
}

void KeyTable::index_insert(std::uint32_t tag, std::uint32_t slot) {
  if (std::uint64_t{size_} * 3 >= index_.size() * 2) grow_index();
  std::uint32_t at = tag & index_mask_;
  while (index_[at].slot != kNoSlot) at = (at + 1) & index_mask_;
  index_[at] = {.tag = tag, .slot = slot};
}

/// Closes the gap by moving back what would not be found past it (Knuth, volume 3, 6.4,
/// algorithm R), so that there are no tombstones to clean up.
void KeyTable::index_erase(std::uint32_t slot) {
  std::uint32_t gap = tag_of(header(slot).key) & index_mask_;
  while (index_[gap].slot != slot) gap = (gap + 1) & index_mask_;
  for (std::uint32_t at = (gap + 1) & index_mask_; index_[at].slot != kNoSlot;
       at = (at + 1) & index_mask_) {
    const std::uint32_t from_home = (at - index_[at].tag) & index_mask_;
    const std::uint32_t from_gap = (at - gap) & index_mask_;
    if (from_home < from_gap) continue;
    index_[gap] = index_[at];
    gap = at;
  }
  index_[gap] = Entry{};
}

void KeyTable::grow_index() {
  const std::vector<Entry> before = std::exchange(index_, std::vector<Entry>(index_.size() * 2));
  index_mask_ = static_cast<std::uint32_t>(index_.size() - 1);
  for (const Entry& entry : before) {
    if (entry.slot == kNoSlot) continue;
    std::uint32_t at = entry.tag & index_mask_;
    while (index_[at].slot != kNoSlot) at = (at + 1) & index_mask_;
    index_[at] = entry;
  }
}

void KeyTable::link_newest(std::uint32_t slot) {
  links_[slot] = {.newer = kNoSlot, .older = newest_};
  if (newest_ != kNoSlot) links_[newest_].newer = slot;
  newest_ = slot;
  if (oldest_ == kNoSlot) oldest_ = slot;
}

void KeyTable::unlink(std::uint32_t slot) {
  const Link link = links_[slot];
  (link.newer == kNoSlot ? newest_ : links_[link.newer].older) = link.older;
  (link.older == kNoSlot ? oldest_ : links_[link.older].newer) = link.newer;
}

Result<void> KeyTable::restore_chunk(std::size_t index, Bytes bytes) {
  OUZEL_CHECK(size_ == 0);
  const std::size_t chunks_max = ((keys_max_ - 1) >> chunk_shift_) + 1;
  if (index >= chunks_max || bytes.size() != chunk_bytes()) {
    clear();
    return corrupt("chunk " + std::to_string(index) + " of " + std::to_string(bytes.size()) +
                   " bytes, expected at most " + std::to_string(chunks_max) + " chunks of " +
                   std::to_string(chunk_bytes()));
  }
  if (index >= chunks_.size()) {
    chunks_.resize(index + 1);
    marks_.resize(index + 1);
  }
  if (chunks_[index] == nullptr) chunks_[index] = arena_.take();
  std::memcpy(chunks_[index], bytes.data(), bytes.size());
  return {};
}

Result<void> KeyTable::finish_restore(const KeyTableState& state) {
  OUZEL_CHECK(size_ == 0);
  Result<void> done = check_rows(state);
  if (done) done = rebuild(state);
  if (!done) clear();
  return done;
}

Result<void> KeyTable::check_rows(const KeyTableState& state) const {
  if (state.row_bytes != row_bytes_) {
    return corrupt("rows of " + std::to_string(row_bytes_) + " bytes expected, got " +
                   std::to_string(state.row_bytes));
  }
  const std::size_t chunks = (std::uint64_t{state.size} + chunk_mask_) >> chunk_shift_;
  if (state.size > keys_max_ || chunks != chunks_.size() ||
      std::count(chunks_.begin(), chunks_.end(), nullptr) != 0) {
    return corrupt(std::to_string(state.size) + " keys, at most " + std::to_string(keys_max_) +
                   ", need " + std::to_string(chunks) + " chunks, got " +
                   std::to_string(chunks_.size()));
  }
  for (std::uint32_t slot = 0; slot < state.size; ++slot) {
    const std::uint64_t seen = header(slot).seen;
    if (seen == 0 || seen > state.seen) {
      return corrupt("row " + std::to_string(slot) + " seen by look-up " + std::to_string(seen) +
                     " of " + std::to_string(state.seen));
    }
  }
  if (chunks == 0) return {};
  const std::size_t used = (((state.size - 1) & chunk_mask_) + 1) * row_bytes_;
  if (!all_zero(chunk(chunks - 1).subspan(used))) return corrupt("bytes behind the last row");
  return {};
}

Result<void> KeyTable::rebuild(const KeyTableState& state) {
  links_.resize(state.size);
  std::vector<std::pair<std::uint64_t, std::uint32_t>> order(state.size);
  for (std::uint32_t slot = 0; slot < state.size; ++slot) {
    if (find(header(slot).key) != kNoSlot) {
      return corrupt("two rows of one key, the second is " + std::to_string(slot));
    }
    size_ = slot + 1;
    index_insert(tag_of(header(slot).key), slot);
    order[slot] = {header(slot).seen, slot};
  }
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && order[i].first == order[i - 1].first) {
      return corrupt("two rows seen by look-up " + std::to_string(order[i].first));
    }
    link_newest(order[i].second);
  }
  seen_ = state.seen;
  return {};
}

void KeyTable::clear() {
  chunks_.clear();
  arena_.clear();
  marks_.clear();
  links_.clear();
  index_.assign(kIndexEntriesMin, Entry{});
  index_mask_ = kIndexEntriesMin - 1;
  newest_ = oldest_ = kNoSlot;
  size_ = 0;
  seen_ = 0;
}

}  // namespace ouzel
