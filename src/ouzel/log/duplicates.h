/// Duplicates: which events a partition accepted lately. Remembers the identities of the last
/// `rows_max` accepted events, in a ring addressed by offset, so that restoring and replaying any
/// event twice changes nothing. About 32 bytes an event, taken from the system as events come. One
/// thread at a time (the door's lock).
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ouzel/base/hash.h"
#include "ouzel/base/types.h"

namespace ouzel {

class Duplicates {
 public:
  /// 0 remembers nothing.
  explicit Duplicates(std::size_t rows_max);

  bool contains(const Hash128& identity) const;
  /// Its offset; `next` is the one behind the newest.
  std::optional<Offset> find(const Hash128& identity, Offset next) const;
  /// The event of this offset is accepted. Offsets come without holes, or again.
  void insert(Offset offset, const Hash128& identity);
  /// Brings what `contains` will read closer.
  void prefetch(const Hash128& identity) const {
    if (rows_max_ > 0) __builtin_prefetch(&index_[home(identity)]);
  }

  std::size_t rows_max() const { return rows_max_; }
  /// The ring with the offset behind its newest entry, for a snapshot.
  std::string save(Offset next) const;
  /// Takes what `save` gave, but nothing at or above `end`. False: not such bytes.
  bool restore(std::string_view saved, Offset end);

 private:
  /// The tag is part of the identity, so a probe that passes by reads the index only.
  struct Entry {
    std::uint32_t tag = 0;
    std::uint32_t place = 0;  ///< In the ring, plus 1; 0: free.
  };
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  /// Zeros that cost memory only where they are written.
  template <typename T>
  using Zeros = std::unique_ptr<T[], Free>;
  template <typename T>
  static Zeros<T> zeros(std::size_t count);

  static std::uint32_t tag_of(const Hash128& identity) {
    return static_cast<std::uint32_t>(identity.low);
  }
  std::size_t home(const Hash128& identity) const { return tag_of(identity) & mask_; }
  void erase(std::uint32_t place);
  std::uint32_t place_of(const Hash128& identity) const;  ///< Plus 1; 0: not there.

  std::size_t rows_max_;
  Zeros<Hash128> ring_;     ///< Event of offset o at o % rows_max_; zero: none.
  std::uint32_t mask_ = 0;  ///< Entries of the index, a power of two, less 1.
  Zeros<Entry> index_;      ///< Open addressing, linear probing.
};

}  // namespace ouzel
