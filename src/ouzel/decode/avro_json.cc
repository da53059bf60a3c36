#include "ouzel/decode/avro_json.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

#include "ouzel/decode/base64.h"
#include "ouzel/decode/json_text.h"

namespace ouzel {
namespace {

using Kind = AvroSchema::Kind;
using Logical = AvroSchema::Logical;
using Node = AvroSchema::Node;

constexpr std::string_view kHex = "0123456789abcdef";
/// Decimals of more bytes are not numbers that anybody reads.
constexpr std::size_t kDecimalBytesMax = 128;
/// Days since 1970 of the years 1 to 9999, which RFC 3339 can write.
constexpr std::int64_t kFirstDay = -719'162, kLastDay = 2'932'896;

class Writer {
 public:
  Writer(std::string& out, const AvroSchema& schema, std::string_view bytes,
         const AvroLimits& limits)
      : out_(out), schema_(schema), bytes_(bytes), limits_(limits) {}

  std::optional<AvroFault> run() {
    if (!value(schema_.root(), 1)) return std::move(fault_);
    if (at_ == bytes_.size()) return std::nullopt;
    wrong(std::to_string(bytes_.size() - at_) + " bytes too many for the schema");
    return std::move(fault_);
  }

 private:
  // All of these: false, and fault_, where the bytes are wrong.
  bool value(const Node& node, std::size_t depth);
  bool container(const Node& node, std::size_t depth);
  bool record(const Node& node, std::size_t depth);
  bool blocks(const Node& node, std::size_t depth);
  bool block_items(const Node& node, std::size_t depth, std::uint64_t count);
  bool branch(const Node& node, std::size_t depth);
  bool symbol(const Node& node);
  bool integer(const Node& node);
  bool octets(const Node& node);
  bool boolean();
  template <class Float>
  bool floating();

  bool read_long(std::int64_t& out);
  bool read_bytes(std::string_view& out);
  bool take(std::uint64_t count, std::string_view& out);
  bool fits();

  bool put_logical(Logical logical, std::int64_t number);
  bool put_timestamp(std::int64_t since, std::int64_t ticks_a_second, bool utc);
  void put_date(std::int64_t days);
  void put_clock(std::int64_t of_day, std::int64_t ticks_a_second);
  bool put_decimal(std::string_view big_endian, std::uint32_t scale);
  void put_duration(std::string_view bytes);
  void put_uuid(std::string_view bytes);
  void put_digits(std::uint64_t number, std::size_t count);
  template <class Number>
  void put_number(Number number);

  bool wrong(std::string_view what) {
    fault_ = AvroFault{.detail = "Avro, at byte " + std::to_string(at_) + ": "};
    fault_->detail += what;
    return false;
  }

  std::string& out_;
  const AvroSchema& schema_;
  const std::string_view bytes_;
  const AvroLimits limits_;
  std::size_t at_ = 0;
  std::optional<AvroFault> fault_;
};

/// Asked wherever something may be written again and again without any bytes of Avro.
bool Writer::fits() {
  if (out_.size() <= limits_.bytes_max) return true;
  fault_ = AvroFault{.fate = Fate::too_large,
                     .detail = "expected at most " + std::to_string(limits_.bytes_max) +
                               " bytes of JSON, got more from " + std::to_string(bytes_.size()) +
                               " bytes of Avro"};
  return false;
}

bool Writer::take(std::uint64_t count, std::string_view& out) {
  const std::size_t left = bytes_.size() - at_;
  if (count > left) {
    return wrong(std::to_string(count) + " bytes expected, " + std::to_string(left) + " left");
  }
  out = bytes_.substr(at_, count);
  at_ += count;
  return true;
}

bool Writer::read_long(std::int64_t& out) {
  std::uint64_t bits = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (at_ == bytes_.size()) return wrong("a number expected, nothing left");
    const auto byte = static_cast<unsigned char>(bytes_[at_++]);
    // The tenth byte has room for one bit.
    if (shift == 63 && byte > 1) break;
    bits |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      out = static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
      return true;
    }
  }
  return wrong("a number of more than 64 bits");
}

bool Writer::read_bytes(std::string_view& out) {
  std::int64_t size = 0;
  if (!read_long(size)) return false;
  if (size < 0) return wrong("a length of " + std::to_string(size));
  return take(static_cast<std::uint64_t>(size), out);
}

bool Writer::value(const Node& node, std::size_t depth) {
  switch (node.kind) {
    case Kind::null: out_ += "null"; return true;
    case Kind::boolean: return boolean();
    case Kind::int32:
    case Kind::int64: return integer(node);
    case Kind::float32: return floating<float>();
    case Kind::float64: return floating<double>();
    case Kind::bytes:
    case Kind::string:
    case Kind::fixed: return octets(node);
    case Kind::enumeration: return symbol(node);
    default: return container(node, depth);
  }
}

bool Writer::container(const Node& node, std::size_t depth) {
  if (node.kind == Kind::variants) return branch(node, depth);
  if (depth > limits_.depth_max) {
    return wrong("nested deeper than " + std::to_string(limits_.depth_max));
  }
  if (!fits()) return false;
  return node.kind == Kind::record ? record(node, depth + 1) : blocks(node, depth + 1);
}

bool Writer::record(const Node& node, std::size_t depth) {
  out_ += '{';
  for (const AvroSchema::Part& field : schema_.parts(node)) {
    out_ += field.json;
    if (!value(schema_.node(field.node), depth)) return false;
    out_ += ',';
  }
  if (node.count > 0) out_.pop_back();
  out_ += '}';
  return true;
}

bool Writer::branch(const Node& node, std::size_t depth) {
  std::int64_t index = 0;
  if (!read_long(index)) return false;
  if (index < 0 || index >= static_cast<std::int64_t>(node.count)) {
    return wrong("branch " + std::to_string(index) + " of a union of " +
                 std::to_string(node.count));
  }
  return value(schema_.node(schema_.parts(node)[static_cast<std::size_t>(index)].node), depth);
}

/// The items of an array or map come in blocks, up to one without any.
bool Writer::blocks(const Node& node, std::size_t depth) {
  const bool map = node.kind == Kind::map;
  out_ += map ? '{' : '[';
  const std::size_t begin = out_.size();
  for (;;) {
    std::int64_t count = 0;
    if (!read_long(count)) return false;
    if (count == 0) break;
    std::uint64_t items = static_cast<std::uint64_t>(count);
    if (count < 0) {
      // How many bytes the block has is said too, for those who skip it.
      items = ~items + 1;
      if (!read_long(count)) return false;
    }
    if (!block_items(node, depth, items)) return false;
  }
  if (out_.size() > begin) out_.pop_back();
  out_ += map ? '}' : ']';
  return true;
}

bool Writer::block_items(const Node& node, std::size_t depth, std::uint64_t count) {
  const Node& item = schema_.node(schema_.parts(node)[0].node);
  for (; count > 0; --count) {
    if (!fits()) return false;
    if (node.kind == Kind::map) {
      std::string_view key;
      if (!read_bytes(key)) return false;
      append_json_text(out_, key);
      out_ += ':';
    }
    if (!value(item, depth)) return false;
    out_ += ',';
  }
  return true;
}

bool Writer::symbol(const Node& node) {
  std::int64_t index = 0;
  if (!read_long(index)) return false;
  if (index < 0 || index >= static_cast<std::int64_t>(node.count)) {
    return wrong("symbol " + std::to_string(index) + " of an enum of " +
                 std::to_string(node.count));
  }
  out_ += schema_.parts(node)[static_cast<std::size_t>(index)].json;
  return true;
}

bool Writer::boolean() {
  std::string_view byte;
  if (!take(1, byte)) return false;
  if (byte[0] != 0 && byte[0] != 1) return wrong("a boolean that is neither 0 nor 1");
  out_ += byte[0] == 0 ? "false" : "true";
  return true;
}

template <class Number>
void Writer::put_number(Number number) {
  std::array<char, 32> text{};
  out_.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
}

template <class Float>
bool Writer::floating() {
  std::string_view raw;
  if (!take(sizeof(Float), raw)) return false;
  Float number = 0;
  std::memcpy(&number, raw.data(), sizeof(Float));
  if (std::isfinite(number)) {
    put_number(number);
  } else {
    out_ += std::isnan(number) ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  }
  return true;
}

bool Writer::integer(const Node& node) {
  std::int64_t number = 0;
  if (!read_long(number)) return false;
  if (node.kind == Kind::int32 && (number < std::numeric_limits<std::int32_t>::min() ||
                                   number > std::numeric_limits<std::int32_t>::max())) {
    return wrong("an int of more than 32 bits");
  }
  if (node.logical != Logical::none) return put_logical(node.logical, number);
  put_number(number);
  return true;
}

bool Writer::octets(const Node& node) {
  std::string_view bytes;
  if (node.kind == Kind::fixed ? !take(node.size, bytes) : !read_bytes(bytes)) return false;
  switch (node.logical) {
    case Logical::decimal: return put_decimal(bytes, node.scale);
    case Logical::duration: put_duration(bytes); return true;
    case Logical::uuid: put_uuid(bytes); return true;
    default: break;
  }
  if (node.kind == Kind::string) {
    append_json_text(out_, bytes);
  } else {
    out_ += '"';
    append_base64(out_, bytes);
    out_ += '"';
  }
  return true;
}

bool Writer::put_logical(Logical logical, std::int64_t number) {
  constexpr std::int64_t kMilli = 1'000, kMicro = 1'000'000, kNano = 1'000'000'000;
  switch (logical) {
    case Logical::timestamp_millis: return put_timestamp(number, kMilli, true);
    case Logical::timestamp_micros: return put_timestamp(number, kMicro, true);
    case Logical::timestamp_nanos: return put_timestamp(number, kNano, true);
    case Logical::local_timestamp_millis: return put_timestamp(number, kMilli, false);
    case Logical::local_timestamp_micros: return put_timestamp(number, kMicro, false);
    case Logical::local_timestamp_nanos: return put_timestamp(number, kNano, false);
    default: break;
  }
  if (logical == Logical::date && (number < kFirstDay || number > kLastDay)) {
    return wrong("a date beyond the years 1 to 9999: " + std::to_string(number));
  }
  out_ += '"';
  if (logical == Logical::date) {
    put_date(number);
  } else {
    const std::int64_t ticks = logical == Logical::time_millis ? kMilli : kMicro;
    if (number < 0 || number >= 86'400 * ticks) return wrong("a time beyond one day");
    put_clock(number, ticks);
  }
  out_ += '"';
  return true;
}

bool Writer::put_timestamp(std::int64_t since, std::int64_t ticks_a_second, bool utc) {
  const std::int64_t a_day = 86'400 * ticks_a_second;
  const std::int64_t days = since / a_day - (since % a_day < 0 ? 1 : 0);
  if (days < kFirstDay || days > kLastDay) {
    return wrong("a timestamp beyond the years 1 to 9999: " + std::to_string(since));
  }
  out_ += '"';
  put_date(days);
  out_ += 'T';
  put_clock(since - days * a_day, ticks_a_second);
  out_ += utc ? "Z\"" : "\"";
  return true;
}

void Writer::put_date(std::int64_t days) {
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{static_cast<std::int32_t>(days)}}};
  put_digits(static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  out_ += '-';
  put_digits(static_cast<unsigned>(date.month()), 2);
  out_ += '-';
  put_digits(static_cast<unsigned>(date.day()), 2);
}

void Writer::put_clock(std::int64_t of_day, std::int64_t ticks_a_second) {
  const auto seconds = static_cast<std::uint64_t>(of_day / ticks_a_second);
  put_digits(seconds / 3600, 2);
  out_ += ':';
  put_digits(seconds / 60 % 60, 2);
  out_ += ':';
  put_digits(seconds % 60, 2);
  out_ += '.';
  const std::size_t digits = ticks_a_second == 1'000 ? 3 : ticks_a_second == 1'000'000 ? 6 : 9;
  put_digits(static_cast<std::uint64_t>(of_day % ticks_a_second), digits);
}

void Writer::put_digits(std::uint64_t number, std::size_t count) {
  const std::size_t begin = out_.size();
  out_.append(count, '0');
  for (std::size_t i = count; i > 0; --i, number /= 10) {
    out_[begin + i - 1] = static_cast<char>('0' + number % 10);
  }
}

/// A number in two's complement, its bytes from the highest on, as decimal digits.
bool Writer::put_decimal(std::string_view big_endian, std::uint32_t scale) {
  if (big_endian.empty()) return wrong("a decimal without bytes");
  if (big_endian.size() > kDecimalBytesMax) {
    return wrong("a decimal of more than " + std::to_string(kDecimalBytesMax) + " bytes");
  }
  const bool negative = (static_cast<unsigned char>(big_endian[0]) & 0x80) != 0;
  std::array<std::uint8_t, kDecimalBytesMax> bytes{};
  std::memcpy(bytes.data(), big_endian.data(), big_endian.size());
  if (negative) {
    unsigned carry = 1;
    for (std::size_t i = big_endian.size(); i > 0; --i) {
      carry += static_cast<std::uint8_t>(~bytes[i - 1]);
      bytes[i - 1] = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
  }
  std::string digits;  // From the lowest on.
  std::size_t first = 0;
  while (first < big_endian.size()) {
    unsigned rest = 0;
    for (std::size_t i = first; i < big_endian.size(); ++i) {
      rest = rest << 8 | bytes[i];
      bytes[i] = static_cast<std::uint8_t>(rest / 10);
      rest %= 10;
    }
    digits += static_cast<char>('0' + rest);
    while (first < big_endian.size() && bytes[first] == 0) ++first;
  }
  if (digits.size() <= scale) digits.append(scale + 1 - digits.size(), '0');
  if (negative) out_ += '-';
  for (std::size_t i = digits.size(); i > 0; --i) {
    if (i == scale) out_ += '.';
    out_ += digits[i - 1];
  }
  return true;
}

void Writer::put_duration(std::string_view bytes) {
  std::array<std::uint32_t, 3> parts{};  // Months, days, milliseconds.
  std::memcpy(parts.data(), bytes.data(), sizeof(parts));
  out_ += "\"P";
  put_number(parts[0]);
  out_ += 'M';
  put_number(parts[1]);
  out_ += "DT";
  put_number(parts[2] / 1000);
  out_ += '.';
  put_digits(parts[2] % 1000, 3);
  out_ += "S\"";
}

void Writer::put_uuid(std::string_view bytes) {
  out_ += '"';
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out_ += '-';
    const auto byte = static_cast<unsigned char>(bytes[i]);
    out_ += kHex[byte >> 4];
    out_ += kHex[byte & 15];
  }
  out_ += '"';
}

}  // namespace

std::optional<AvroFault> avro_to_json(std::string& out, const AvroSchema& schema,
                                      std::string_view bytes, const AvroLimits& limits) {
  static_assert(std::endian::native == std::endian::little, "as Avro's numbers");
  out.clear();
  return Writer(out, schema, bytes, limits).run();
}

}  // namespace ouzel
