/// One file of the forgetful file system: its bytes as 512-byte sectors, synced and not.
/// Private to base/forgetful_file_system.cc.
///
/// Thread-safe. Owns the real file, once it has one.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "ouzel/base/file_system.h"
#include "ouzel/base/random.h"

namespace ouzel {

/// Chance, shared by threads. A calm one never leaks.
class Dice {
 public:
  Dice(std::uint64_t seed, bool calm) : random_(seed), calm_(calm) {}
  bool leak(double odds) {
    const std::lock_guard lock(mutex_);
    return !calm_ && random_.chance(odds);
  }
  std::uint64_t below(std::uint64_t bound) {
    const std::lock_guard lock(mutex_);
    return random_.below(bound);
  }

 private:
  std::mutex mutex_;
  Random random_;
  const bool calm_;
};

/// One file, whatever its names. Three layers of sectors over each other, the upper one counts:
/// `dirty` was written and not synced; `ghost` looks written, but its sync failed; `kept` is synced
/// while the file has no name on disk, after that the real file holds it.
class Inode {
 public:
  static constexpr std::uint64_t kSectorBytes = 512;
  using Sector = std::array<char, kSectorBytes>;
  using Sectors = std::map<std::uint64_t, Sector>;

  Inode() = default;
  Inode(std::unique_ptr<File> real, std::uint64_t size)
      : real_(std::move(real)), stable_size_(size), size_(size) {}

  Result<void> write(std::uint64_t offset, std::string_view bytes);
  Result<std::size_t> read(std::uint64_t offset, char* out, std::size_t size);
  Result<void> truncate(std::uint64_t size);
  std::uint64_t size();
  /// Some unsynced sectors reach the disk: one, the first few, the last few, or every other.
  Result<void> leak(Dice& dice);
  Result<void> sync();
  /// The disk refuses: what is dirty will never arrive, and nobody who reads can tell.
  void forget_dirty();
  /// Gives it a place on disk, with what is synced.
  Result<void> link(std::unique_ptr<File> real);

  // Guarded by the file system's mutex: the path it is seen under and the one it has on disk.
  std::string visible_path, stable_path;

 private:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  Result<Sector> visible(std::uint64_t sector) const;
  Result<Sector> stable(std::uint64_t sector) const;
  bool beyond_content(std::uint64_t sector) const;
  Result<void> settle_size(std::uint64_t size);
  Result<void> settle(std::uint64_t sector, const Sector& content);

  mutable std::mutex mutex_;
  std::unique_ptr<File> real_;
  Sectors dirty_, ghost_, kept_;
  std::uint64_t stable_size_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t floor_ = kNever;  ///< Lowest unsynced truncate: synced bytes above are gone.
};

}  // namespace ouzel
