#include "ouzel/log/duplicates.h"

#include <algorithm>
#include <bit>

#include "ouzel/base/bytes.h"
#include "ouzel/base/check.h"

namespace ouzel {

template <typename T>
Duplicates::Zeros<T> Duplicates::zeros(std::size_t count) {
  Zeros<T> out(static_cast<T*>(std::calloc(count, sizeof(T))));
  OUZEL_CHECK(out != nullptr);
  return out;
}

Duplicates::Duplicates(std::size_t rows_max) : rows_max_(rows_max) {
  if (rows_max == 0) return;
  const std::size_t entries = std::bit_ceil(rows_max * 2);
  mask_ = static_cast<std::uint32_t>(entries - 1);
  ring_ = zeros<Hash128>(rows_max);
  index_ = zeros<Entry>(entries);
}

std::uint32_t Duplicates::place_of(const Hash128& identity) const {
  if (rows_max_ == 0) return 0;
  const std::uint32_t tag = tag_of(identity);
  for (std::size_t at = home(identity); index_[at].place != 0; at = (at + 1) & mask_) {
    if (index_[at].tag == tag && ring_[index_[at].place - 1] == identity) return index_[at].place;
  }
  return 0;
}

bool Duplicates::contains(const Hash128& identity) const { return place_of(identity) != 0; }

std::optional<Offset> Duplicates::find(const Hash128& identity, Offset next) const {
  const std::uint32_t place = place_of(identity);
  if (place == 0 || next == Offset{}) return std::nullopt;
  const std::uint64_t newest = next.value() - 1;
  const std::uint64_t back = (newest % rows_max_ + rows_max_ - (place - 1)) % rows_max_;
  if (back > newest) return std::nullopt;
  return Offset(newest - back);
}

void Duplicates::insert(Offset offset, const Hash128& identity) {
  if (rows_max_ == 0) return;
  const auto place = static_cast<std::uint32_t>(offset.value() % rows_max_);
  if (ring_[place] == identity) return;
  if (ring_[place] != Hash128{}) erase(place);
  ring_[place] = identity;
  std::size_t at = home(identity);
  while (index_[at].place != 0) at = (at + 1) & mask_;
  index_[at] = {tag_of(identity), place + 1};
}

/// Takes a ring place out of the index and moves back what probed past it.
void Duplicates::erase(std::uint32_t place) {
  std::size_t hole = home(ring_[place]);
  while (index_[hole].place != place + 1) hole = (hole + 1) & mask_;
  for (std::size_t at = (hole + 1) & mask_; index_[at].place != 0; at = (at + 1) & mask_) {
    const std::size_t wanted = index_[at].tag & mask_;
    if (((at - wanted) & mask_) < ((at - hole) & mask_)) continue;
    index_[hole] = index_[at];
    hole = at;
  }
  index_[hole] = {};
}

std::string Duplicates::save(Offset next) const {
  std::string out;
  out.reserve(16 + rows_max_ * sizeof(Hash128));
  ByteWriter writer(out);
  writer.put(static_cast<std::uint64_t>(rows_max_));
  writer.put(next.value());
  writer.put_array(std::span<const Hash128>(ring_.get(), rows_max_));
  return out;
}

bool Duplicates::restore(std::string_view saved, Offset end) {
  ByteReader reader(saved);
  const auto size = reader.get<std::uint64_t>();
  const Offset next(reader.get<std::uint64_t>());
  if (!reader.ok() || reader.left() / sizeof(Hash128) != size ||
      reader.left() % sizeof(Hash128) != 0) {
    return false;
  }
  const std::string_view ring = reader.get_bytes(reader.left());
  // A place whose event did not survive may hold an identity that nobody accepted.
  const std::uint64_t first = next.value() > size ? next.value() - size : 0;
  for (std::uint64_t offset = first; offset < std::min(next.value(), end.value()); ++offset) {
    const auto identity = load<Hash128>(ring.data() + (offset % size) * sizeof(Hash128));
    if (identity != Hash128{}) insert(Offset(offset), identity);
  }
  return true;
}

}  // namespace ouzel
