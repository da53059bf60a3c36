#include "ouzel/decode/decimal.h"

#include <algorithm>

namespace ouzel {
namespace {

constexpr std::int64_t kExponentMax = 1'000'000'000'000'000;

std::int64_t parse_exponent(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t out = 0;
  for (const char c : text) out = std::min(kExponentMax, out * 10 + (c - '0'));
  return negative ? -out : out;
}

std::uint64_t times(std::uint64_t a, std::uint64_t b, std::uint64_t modulus) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(static_cast<Wide>(a) * b % modulus);
}

/// 10^exponent modulo `modulus`.
std::uint64_t power_of_ten(std::int64_t exponent, std::uint64_t modulus) {
  std::uint64_t out = 1 % modulus;
  std::uint64_t base = 10 % modulus;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) out = times(out, base, modulus);
    base = times(base, base, modulus);
  }
  return out;
}

/// Two of these are equal just if their doubles are: at most 15 digits, none far behind the point.
bool doubles_decide(std::string_view token) {
  return token.size() <= 15 && token.find_first_of("eE") == std::string_view::npos;
}

}  // namespace

Decimal::Decimal(std::string_view token) {
  negative_ = token.starts_with('-');
  if (negative_) token.remove_prefix(1);
  const std::size_t mark = token.find_first_of("eE");
  if (mark != std::string_view::npos) exponent_ = parse_exponent(token.substr(mark + 1));
  text_ = token.substr(0, mark);
  const std::size_t point = text_.find('.');
  if (point != std::string_view::npos) {
    exponent_ -= static_cast<std::int64_t>(text_.size() - point - 1);
  }
  while (!text_.empty() && (text_.back() == '0' || text_.back() == '.')) {
    exponent_ += text_.back() == '0' ? 1 : 0;
    text_.remove_suffix(1);
  }
  const std::size_t first = text_.find_first_not_of("0.");
  text_ = first == std::string_view::npos ? std::string_view() : text_.substr(first);
  digits_ = text_.size() - (text_.find('.') == std::string_view::npos ? 0 : 1);
  if (digits_ == 0) {
    negative_ = false;
    exponent_ = 0;
  }
}

std::strong_ordering Decimal::compare_digits(const Decimal& other) const {
  const auto top = static_cast<std::int64_t>(digits_) + exponent_;
  const auto other_top = static_cast<std::int64_t>(other.digits_) + other.exponent_;
  if (top != other_top) return top <=> other_top;
  std::size_t i = 0;
  std::size_t j = 0;
  while (true) {
    if (i < text_.size() && text_[i] == '.') ++i;
    if (j < other.text_.size() && other.text_[j] == '.') ++j;
    const char digit = i < text_.size() ? text_[i++] : '0';
    const char other_digit = j < other.text_.size() ? other.text_[j++] : '0';
    if (digit != other_digit) return digit <=> other_digit;
    if (i >= text_.size() && j >= other.text_.size()) return std::strong_ordering::equal;
  }
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  const auto sign = [](const Decimal& of) { return of.zero() ? 0 : of.negative_ ? -1 : 1; };
  if (sign(*this) != sign(other)) return sign(*this) <=> sign(other);
  if (zero()) return std::strong_ordering::equal;
  return negative_ ? other.compare_digits(*this) : compare_digits(other);
}

std::uint64_t Decimal::remainder(std::uint64_t divisor) const {
  std::uint64_t out = 0;
  for (const char c : text_) {
    if (c == '.') continue;
    out = (times(out, 10, divisor) + static_cast<std::uint64_t>(c - '0')) % divisor;
  }
  return out;
}

bool Decimal::multiple_of(const Decimal& factor) const {
  if (zero()) return true;
  // Otherwise 10 would have to divide the digits, whose last one is not zero.
  if (exponent_ < factor.exponent_) return false;
  std::uint64_t divisor = 0;
  for (const char c : factor.text_) {
    if (c != '.') divisor = divisor * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return times(remainder(divisor), power_of_ten(exponent_ - factor.exponent_, divisor), divisor) ==
         0;
}

std::string Decimal::normal() const {
  std::string out = negative_ ? "-" : "";
  for (const char c : text_) {
    if (c != '.') out.push_back(c);
  }
  return out.append("e").append(std::to_string(exponent_));
}

std::strong_ordering compare_numbers(const JsonValue& one, const JsonValue& other) {
  if (one.number < other.number) return std::strong_ordering::less;
  if (one.number > other.number) return std::strong_ordering::greater;
  const bool same =
      one.token == other.token || (doubles_decide(one.token) && doubles_decide(other.token));
  return same ? std::strong_ordering::equal : Decimal(one.token) <=> Decimal(other.token);
}

bool is_integer(const JsonValue& number) {
  return number.integral_text() || Decimal(number.token).integer();
}

}  // namespace ouzel
