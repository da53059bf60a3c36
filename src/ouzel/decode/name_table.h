/// NameTable: from a member's name to its slot. Members mostly come in the order in which they came
/// last time, so that name is tried first, on the raw bytes; otherwise a small hash table is asked.
/// What was learned of the order changes the speed, never the answer. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace ouzel {

class NameTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffU;
  /// Bytes behind the beginning of a name that `guess` may read.
  static constexpr std::size_t kReadAhead = 64;

  /// Adds a name, or finds it; slots count from 0.
  std::uint32_t add(std::string_view name);
  std::size_t size() const { return names_.size(); }
  std::string_view name(std::uint32_t slot) const { return names_[slot].text; }

  /// To be called before the first member of an event.
  void begin() { previous_ = 0; }
  /// The slot, if the member that is expected next stands at `raw`: just behind the opening quote
  /// of a well-formed JSON string, with kReadAhead readable bytes. Otherwise kNone.
  std::uint32_t guess(const char* raw) {
    const std::uint32_t slot = next_[previous_];
    if (slot == kNone) return kNone;
    const Name& name = names_[slot];
    if (!name.plain || raw[name.text.size()] != '"' ||
        std::memcmp(raw, name.text.data(), name.text.size()) != 0) {
      return kNone;
    }
    previous_ = slot + 1;
    return slot;
  }
  /// The slot of a name (escapes resolved), or kNone; learns the order.
  std::uint32_t find(std::string_view name);

 private:
  struct Name {
    std::string text;
    bool plain = false;  ///< Short, and in JSON the same bytes in its shortest form.
  };
  std::size_t bucket(std::string_view name) const;
  void rehash();

  std::vector<Name> names_;
  std::vector<std::uint32_t> buckets_;      ///< Open addressing; a power of two, half empty.
  std::vector<std::uint32_t> next_{kNone};  ///< By slot + 1: what followed it; [0]: the first.
  std::uint32_t previous_ = 0;              ///< Slot + 1 of the member before; 0: none.
};

}  // namespace ouzel
