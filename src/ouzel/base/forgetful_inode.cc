#include "ouzel/base/forgetful_inode.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ouzel {

Result<Inode::Sector> Inode::stable(std::uint64_t sector) const {
  Sector out{};
  const std::uint64_t begin = sector * kSectorBytes;
  const std::uint64_t end = std::min({stable_size_, floor_, begin + kSectorBytes});
  if (begin >= end) return out;
  if (real_ == nullptr) {
    if (const auto found = kept_.find(sector); found != kept_.end()) out = found->second;
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(end - begin), out.end(), '\0');
    return out;
  }
  OUZEL_TRY([[maybe_unused]] const std::size_t got, real_->read(begin, out.data(), end - begin));
  return out;
}

Result<Inode::Sector> Inode::visible(std::uint64_t sector) const {
  if (const auto found = dirty_.find(sector); found != dirty_.end()) return found->second;
  if (const auto found = ghost_.find(sector); found != ghost_.end()) return found->second;
  return stable(sector);
}

/// True if the sector reads as zeros because nothing was ever written there: so a large zero-fill
/// of a new file costs nothing.
bool Inode::beyond_content(std::uint64_t sector) const {
  if (dirty_.contains(sector) || ghost_.contains(sector)) return false;
  if (sector * kSectorBytes >= std::min(stable_size_, floor_)) return true;
  return real_ == nullptr && !kept_.contains(sector);
}

Result<void> Inode::write(std::uint64_t offset, std::string_view bytes) {
  static constexpr Sector kZeros{};
  const std::lock_guard lock(mutex_);
  while (!bytes.empty()) {
    const std::uint64_t sector = offset / kSectorBytes;
    const std::uint64_t at = offset % kSectorBytes;
    const std::uint64_t count = std::min<std::uint64_t>(kSectorBytes - at, bytes.size());
    const bool zero = std::memcmp(bytes.data(), kZeros.data(), count) == 0;
    if (!zero || !beyond_content(sector)) {
      OUZEL_TRY(Sector content, visible(sector));
      std::memcpy(content.data() + at, bytes.data(), count);
      dirty_[sector] = content;
    }
    bytes.remove_prefix(count);
    offset += count;
    size_ = std::max(size_, offset);
  }
  return {};
}

Result<std::size_t> Inode::read(std::uint64_t offset, char* out, std::size_t size) {
  const std::lock_guard lock(mutex_);
  if (offset >= size_) return 0;
  size = std::min<std::uint64_t>(size, size_ - offset);
  std::size_t done = 0;
  while (done < size) {
    const std::uint64_t sector = (offset + done) / kSectorBytes;
    const std::uint64_t at = (offset + done) % kSectorBytes;
    const std::size_t count = std::min<std::size_t>(kSectorBytes - at, size - done);
    OUZEL_TRY(const Sector content, visible(sector));
    std::memcpy(out + done, content.data() + at, count);
    done += count;
  }
  return done;
}

Result<void> Inode::truncate(std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (size < size_) {
    if (size % kSectorBytes != 0) {
      OUZEL_TRY(Sector last, visible(size / kSectorBytes));
      std::fill(last.begin() + static_cast<std::ptrdiff_t>(size % kSectorBytes), last.end(), '\0');
      dirty_[size / kSectorBytes] = last;
    }
    const std::uint64_t sectors = (size + kSectorBytes - 1) / kSectorBytes;
    dirty_.erase(dirty_.lower_bound(sectors), dirty_.end());
    ghost_.erase(ghost_.lower_bound(sectors), ghost_.end());
    if (size < stable_size_) floor_ = std::min(floor_, size);
  }
  size_ = size;
  return {};
}

std::uint64_t Inode::size() {
  const std::lock_guard lock(mutex_);
  return size_;
}

/// The size on disk becomes `size`, after any truncate that came before.
Result<void> Inode::settle_size(std::uint64_t size) {
  const std::uint64_t lowest = std::min(floor_, size);
  if (lowest < stable_size_) {
    if (real_ != nullptr) OUZEL_TRY_VOID(real_->truncate(lowest));
    kept_.erase(kept_.lower_bound((lowest + kSectorBytes - 1) / kSectorBytes), kept_.end());
    stable_size_ = lowest;
  }
  floor_ = kNever;
  if (size > stable_size_) {
    if (real_ != nullptr) OUZEL_TRY_VOID(real_->truncate(size));
    stable_size_ = size;
  }
  return {};
}

Result<void> Inode::settle(std::uint64_t sector, const Sector& content) {
  const std::uint64_t begin = sector * kSectorBytes;
  if (begin >= size_) return {};
  const std::uint64_t end = std::min(begin + kSectorBytes, size_);
  if (end > stable_size_ || floor_ != kNever) {
    OUZEL_TRY_VOID(settle_size(std::max(std::min(stable_size_, floor_), end)));
  }
  ghost_.erase(sector);
  if (real_ == nullptr) {
    kept_[sector] = content;
    return {};
  }
  return real_->write(begin, std::string_view(content.data(), end - begin));
}

Result<void> Inode::leak(Dice& dice) {
  const std::lock_guard lock(mutex_);
  if (dirty_.empty()) return {};
  const std::uint64_t shape = dice.below(4);
  const std::uint64_t chosen = dice.below(dirty_.size());
  std::uint64_t index = 0;
  for (auto at = dirty_.begin(); at != dirty_.end(); ++index) {
    const bool goes = (shape == 0 && index == chosen) || (shape == 1 && index < chosen) ||
                      (shape == 2 && index >= chosen) || (shape == 3 && dice.below(2) == 0);
    if (!goes) {
      ++at;
      continue;
    }
    OUZEL_TRY_VOID(settle(at->first, at->second));
    at = dirty_.erase(at);
  }
  return {};
}

Result<void> Inode::sync() {
  const std::lock_guard lock(mutex_);
  OUZEL_TRY_VOID(settle_size(size_));
  for (const auto& [sector, content] : dirty_) OUZEL_TRY_VOID(settle(sector, content));
  dirty_.clear();
  return {};
}

void Inode::forget_dirty() {
  const std::lock_guard lock(mutex_);
  for (const auto& [sector, content] : dirty_) ghost_[sector] = content;
  dirty_.clear();
}

Result<void> Inode::link(std::unique_ptr<File> real) {
  const std::lock_guard lock(mutex_);
  OUZEL_TRY_VOID(real->truncate(stable_size_));
  for (std::uint64_t begin = 0; begin < stable_size_; begin += kSectorBytes) {
    if (real_ == nullptr && !kept_.contains(begin / kSectorBytes)) continue;
    OUZEL_TRY(const Sector content, stable(begin / kSectorBytes));
    const std::uint64_t count = std::min(kSectorBytes, stable_size_ - begin);
    OUZEL_TRY_VOID(real->write(begin, std::string_view(content.data(), count)));
  }
  kept_.clear();
  real_ = std::move(real);
  return {};
}

}  // namespace ouzel
