/// Decimal: a JSON number as it is written, without rounding. For the comparisons in which a double
/// would not do. A view of the number's text, which is as RFC 8259 has it.
///
/// Exponents beyond ±10^15 are taken for ±10^15.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ouzel/decode/json_value.h"

namespace ouzel {

class Decimal {
 public:
  explicit Decimal(std::string_view token);

  bool zero() const { return digits_ == 0; }
  /// Without a fraction: 1.0 and 1e3 are.
  bool integer() const { return zero() || exponent_ >= 0; }
  std::size_t digits() const { return digits_; }  ///< Without zeros at either end.
  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal& other) const { return (*this <=> other) == 0; }
  /// Whether this is `factor` times an integer; `factor` has at most kFactorDigitsMax digits and
  /// is above zero.
  bool multiple_of(const Decimal& factor) const;
  static constexpr std::size_t kFactorDigitsMax = 18;
  /// The same text for equal numbers.
  std::string normal() const;

 private:
  std::strong_ordering compare_digits(const Decimal& other) const;
  std::uint64_t remainder(std::uint64_t divisor) const;

  // value = ± digits × 10^exponent
  bool negative_ = false;
  std::string_view text_;  ///< First to last digit that is not zero; there may be a point within.
  std::size_t digits_ = 0;
  std::int64_t exponent_ = 0;
};

/// The order of two numbers, exactly. Nearly always their doubles decide.
std::strong_ordering compare_numbers(const JsonValue& one, const JsonValue& other);
/// Whether a number has no fraction.
bool is_integer(const JsonValue& number);

}  // namespace ouzel
