/// The wire format of Protocol Buffers, as far as ONNX files need it: reading without trust, and
/// appending. Views point into the bytes that were given. No thread rules.
///
/// Source: protobuf.dev, "Encoding".
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "ouzel/base/bytes.h"

namespace ouzel {

/// One field of a message. `number` holds a varint or fixed value, `bytes` a delimited one.
struct ProtoField {
  enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };
  std::uint32_t id = 0;
  Wire wire = Wire::varint;
  std::uint64_t number = 0;
  std::string_view bytes;
  std::string_view whole;  ///< Tag and value, as they stand.

  bool is(std::uint32_t wanted, Wire as) const { return id == wanted && wire == as; }
  bool is_bytes(std::uint32_t wanted) const { return is(wanted, Wire::bytes); }
  bool is_varint(std::uint32_t wanted) const { return is(wanted, Wire::varint); }
};

/// Goes through the fields of a message. After bytes that are no message `ok()` is false and `next`
/// gives nothing more.
class ProtoReader {
 public:
  explicit ProtoReader(std::string_view message) : left_(message) {}
  bool ok() const { return ok_; }
  bool next(ProtoField& field) {
    if (!ok_ || left_.empty()) return false;
    ByteReader reader(left_);
    const std::uint64_t tag = reader.get_varint();
    field = {};
    field.id = static_cast<std::uint32_t>(tag >> 3);
    field.wire = static_cast<ProtoField::Wire>(tag & 7);
    ok_ = reader.ok() && tag >> 3 > 0 && tag >> 3 < (1U << 29) && read_value(reader, field);
    if (!ok_) return false;
    field.whole = left_.substr(0, left_.size() - reader.left());
    left_.remove_prefix(field.whole.size());
    return true;
  }

 private:
  static bool read_value(ByteReader& reader, ProtoField& field) {
    switch (field.wire) {
      case ProtoField::Wire::varint: field.number = reader.get_varint(); break;
      case ProtoField::Wire::fixed64: field.number = reader.get<std::uint64_t>(); break;
      case ProtoField::Wire::bytes: field.bytes = reader.get_string(); break;
      case ProtoField::Wire::fixed32: field.number = reader.get<std::uint32_t>(); break;
      default: return false;  // Groups: ONNX has none.
    }
    return reader.ok();
  }
  std::string_view left_;
  bool ok_ = true;
};

/// Appends fields to a message in a string that the caller owns.
class ProtoWriter {
 public:
  explicit ProtoWriter(std::string& out) : writer_(out) {}
  void put_bytes(std::uint32_t id, std::string_view bytes) {
    writer_.put_varint(std::uint64_t{id} << 3 | 2);
    writer_.put_string(bytes);
  }
  void put_varint(std::uint32_t id, std::uint64_t value) {
    writer_.put_varint(std::uint64_t{id} << 3);
    writer_.put_varint(value);
  }
  void put_float(std::uint32_t id, float value) {
    writer_.put_varint(std::uint64_t{id} << 3 | 5);
    writer_.put(std::bit_cast<std::uint32_t>(value));
  }

 private:
  ByteWriter writer_;
};

}  // namespace ouzel
