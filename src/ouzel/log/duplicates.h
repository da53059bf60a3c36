/// Duplicates: which events a partition accepted lately. Remembers the identities of the last
/// `rows_max` accepted events, in a ring addressed by offset, so that restoring and replaying any
/// event twice changes nothing. About 24 bytes an event. One thread at a time (the door's lock).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/hash.h"
#include "ouzel/base/types.h"

namespace ouzel {

class Duplicates {
 public:
  /// 0 remembers nothing.
  explicit Duplicates(std::size_t rows_max);

  /// The offset at which this event was accepted, if it is remembered.
  std::optional<Offset> find(const Hash128& identity) const;
  /// The event of this offset is accepted. Offsets come without holes, or again.
  void insert(Offset offset, const Hash128& identity);

  std::size_t rows_max() const { return ring_.size(); }
  /// The ring with the offset behind its newest entry, for a snapshot.
  std::string save(Offset next) const;
  /// Takes what `save` gave, but nothing at or above `end`. False: not such bytes.
  bool restore(std::string_view saved, Offset end);

 private:
  std::size_t home(const Hash128& identity) const { return identity.low & mask_; }
  void erase(std::uint32_t ring_at);

  std::vector<Hash128> ring_;          ///< Event of offset o at o % size; zero: none.
  std::vector<std::uint64_t> offset_;  ///< Its offset + 1; 0: none.
  std::vector<std::uint32_t> index_;   ///< Open addressing: ring place + 1; 0: free.
  std::uint64_t mask_ = 0;
};

}  // namespace ouzel
