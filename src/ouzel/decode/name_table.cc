#include "ouzel/decode/name_table.h"

#include <algorithm>

namespace ouzel {

std::uint32_t NameTable::add(std::string_view name) {
  const auto known = std::find_if(names_.begin(), names_.end(),
                                  [&](const Name& other) { return other.text == name; });
  if (known != names_.end()) return static_cast<std::uint32_t>(known - names_.begin());
  const bool plain = name.size() < kReadAhead && name.find_first_of("\"\\") == name.npos;
  const auto slot = static_cast<std::uint32_t>(names_.size());
  names_.push_back({std::string(name), plain});
  next_.back() = slot;
  next_.push_back(kNone);
  rehash();
  return slot;
}

std::uint32_t NameTable::find(std::string_view name) {
  if (buckets_.empty()) return kNone;
  for (std::size_t at = bucket(name);; at = (at + 1) & (buckets_.size() - 1)) {
    const std::uint32_t slot = buckets_[at];
    if (slot == kNone) return kNone;
    if (names_[slot].text != name) continue;
    next_[previous_] = slot;
    previous_ = slot + 1;
    return slot;
  }
}

std::size_t NameTable::bucket(std::string_view name) const {
  // Names of one schema tend to differ in length, in the first or in the last bytes. Many that
  // agree in all of them only make the probing longer: their number is the schema's, not a
  // sender's.
  std::uint64_t mixed = name.size();
  for (const char c : name.substr(0, 4)) mixed = mixed * 131 + static_cast<unsigned char>(c);
  const std::size_t tail = name.size() > 4 ? name.size() - 4 : name.size();
  for (const char c : name.substr(tail)) mixed = mixed * 131 + static_cast<unsigned char>(c);
  return (mixed * 0x9e3779b97f4a7c15ULL >> 32) & (buckets_.size() - 1);
}

void NameTable::rehash() {
  std::size_t wanted = 4;
  while (wanted < names_.size() * 2) wanted *= 2;
  buckets_.assign(wanted, kNone);
  for (std::uint32_t slot = 0; slot < names_.size(); ++slot) {
    std::size_t at = bucket(names_[slot].text);
    while (buckets_[at] != kNone) at = (at + 1) & (wanted - 1);
    buckets_[at] = slot;
  }
}

}  // namespace ouzel
