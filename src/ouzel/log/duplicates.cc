#include "ouzel/log/duplicates.h"

#include <algorithm>
#include <bit>

#include "ouzel/base/bytes.h"

namespace ouzel {

Duplicates::Duplicates(std::size_t rows_max) : ring_(rows_max), offset_(rows_max) {
  if (rows_max == 0) return;
  index_.resize(std::bit_ceil(rows_max * 2));
  mask_ = index_.size() - 1;
}

std::optional<Offset> Duplicates::find(const Hash128& identity) const {
  if (ring_.empty()) return std::nullopt;
  for (std::size_t at = home(identity); index_[at] != 0; at = (at + 1) & mask_) {
    const std::uint32_t place = index_[at] - 1;
    if (ring_[place] == identity) return Offset(offset_[place] - 1);
  }
  return std::nullopt;
}

void Duplicates::insert(Offset offset, const Hash128& identity) {
  if (ring_.empty()) return;
  const auto place = static_cast<std::uint32_t>(offset.value() % ring_.size());
  if (offset_[place] == offset.value() + 1 && ring_[place] == identity) return;
  if (offset_[place] != 0) erase(place);
  ring_[place] = identity;
  offset_[place] = offset.value() + 1;
  std::size_t at = home(identity);
  while (index_[at] != 0) at = (at + 1) & mask_;
  index_[at] = place + 1;
}

/// Takes a ring place out of the index and moves back what probed past it.
void Duplicates::erase(std::uint32_t ring_at) {
  std::size_t hole = home(ring_[ring_at]);
  while (index_[hole] != ring_at + 1) hole = (hole + 1) & mask_;
  for (std::size_t at = (hole + 1) & mask_; index_[at] != 0; at = (at + 1) & mask_) {
    const std::size_t wanted = home(ring_[index_[at] - 1]);
    if (((at - wanted) & mask_) < ((at - hole) & mask_)) continue;
    index_[hole] = index_[at];
    hole = at;
  }
  index_[hole] = 0;
  offset_[ring_at] = 0;
}

std::string Duplicates::save(Offset next) const {
  std::string out;
  ByteWriter writer(out);
  writer.put(static_cast<std::uint64_t>(ring_.size()));
  writer.put(next.value());
  writer.put_array(std::span<const Hash128>(ring_));
  writer.put_array(std::span<const std::uint64_t>(offset_));
  return out;
}

bool Duplicates::restore(std::string_view saved, Offset end) {
  ByteReader reader(saved);
  const auto size = reader.get<std::uint64_t>();
  const Offset next(reader.get<std::uint64_t>());
  if (!reader.ok() || reader.left() / 24 != size || reader.left() % 24 != 0) return false;
  const std::string_view ring = reader.get_bytes(size * sizeof(Hash128));
  const std::string_view offsets = reader.get_bytes(size * sizeof(std::uint64_t));
  const std::uint64_t last = std::min(next.value(), end.value());
  const std::uint64_t first = last > size ? last - size : 0;
  for (std::uint64_t offset = first; offset < last; ++offset) {
    const std::uint64_t place = offset % size;
    if (load<std::uint64_t>(offsets.data() + place * 8) != offset + 1) continue;
    insert(Offset(offset), load<Hash128>(ring.data() + place * sizeof(Hash128)));
  }
  return true;
}

}  // namespace ouzel
