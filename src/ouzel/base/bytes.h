/// Little-endian bytes in and out, for every format of ours on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "ouzel/base/check.h"

namespace ouzel {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "formats are little-endian");

using Bytes = std::span<const std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class T>
  requires std::is_trivially_copyable_v<T>
T load(const void* from) {
  T out;
  std::memcpy(&out, from, sizeof(T));
  return out;
}
template <class T>
  requires std::is_trivially_copyable_v<T>
void store(void* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

/// Appends to a string that the caller owns.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  template <class T>
    requires std::is_arithmetic_v<T>
  void put(T value) {
    const auto at = out_.size();
    out_.resize(at + sizeof(T));
    store(out_.data() + at, value);
  }
  void put_bytes(std::string_view bytes) { out_.append(bytes); }
  /// LEB128, at most 10 bytes.
  void put_varint(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
  }
  /// Varint length, then the bytes.
  void put_string(std::string_view text) {
    put_varint(text.size());
    out_.append(text);
  }
  template <class T>
    requires std::is_trivially_copyable_v<T>
  void put_array(std::span<const T> values) {
    out_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  }

 private:
  std::string& out_;
};

/// Reads what ByteWriter wrote. Never reads past the end: after a short read `ok()` is false and
/// every further value is zero or empty, so callers check once at the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : in_(in) {}
  bool ok() const { return ok_; }
  std::size_t left() const { return in_.size(); }

  template <class T>
    requires std::is_arithmetic_v<T>
  T get() {
    if (!need(sizeof(T))) return T{};
    const T out = load<T>(in_.data());
    in_.remove_prefix(sizeof(T));
    return out;
  }
  std::uint64_t get_varint() {
    std::uint64_t out = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (!need(1)) return 0;
      const auto byte = static_cast<std::uint8_t>(in_.front());
      in_.remove_prefix(1);
      out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return out;
    }
    ok_ = false;
    return 0;
  }
  /// The view lives as long as the bytes this reader was given.
  std::string_view get_bytes(std::size_t count) {
    if (!need(count)) return {};
    const auto out = in_.substr(0, count);
    in_.remove_prefix(count);
    return out;
  }
  std::string_view get_string() { return get_bytes(get_varint()); }

 private:
  bool need(std::size_t count) {
    if (count <= in_.size() && ok_) return true;
    ok_ = false;
    return false;
  }
  std::string_view in_;
  bool ok_ = true;
};

}  // namespace ouzel
