#include "ouzel/decode/timestamp.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace ouzel {
namespace {

using State = Timestamp::State;

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
/// Whole seconds on either side of 1970 whose every nanosecond fits into 64 bits.
constexpr std::int64_t kSecondsMax = 9'223'372'035;
constexpr int kFractionDigits = 9;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Timestamp make(std::int64_t seconds, std::int64_t nanos) {
  if (seconds > kSecondsMax || seconds < -kSecondsMax) return {.state = State::out_of_range};
  return {State::good, EventTime(std::chrono::nanoseconds(seconds * kNanosPerSecond + nanos))};
}

/// Takes characters off the front of a text; once something was not as expected, `good` is false
/// and stays so.
struct Reader {
  std::string_view left;
  bool good = true;

  bool at(char c) const { return !left.empty() && left.front() == c; }
  int number(std::size_t digits) {
    if (left.size() < digits) return fail();
    int out = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      good &= is_digit(left[i]);
      out = out * 10 + (left[i] - '0');
    }
    left.remove_prefix(digits);
    return out;
  }
  /// Takes `c`, if it stands here.
  bool take(char c) {
    if (!at(c)) return false;
    left.remove_prefix(1);
    return true;
  }
  void expect(char c) { good &= take(c); }
  /// Nanoseconds of `.digits`; 0 if there is no point.
  std::int64_t fraction() {
    if (!take('.')) return 0;
    std::int64_t out = 0;
    std::size_t count = 0;
    for (; count < left.size() && is_digit(left[count]); ++count) {
      if (count < kFractionDigits) out = out * 10 + (left[count] - '0');
    }
    if (count == 0) return fail();
    for (std::size_t i = count; i < kFractionDigits; ++i) out *= 10;
    left.remove_prefix(count);
    return out;
  }
  int fail() {
    good = false;
    return 0;
  }
};

/// Seconds east of Greenwich.
int read_offset(Reader& in) {
  if (in.take('Z') || in.take('z')) return 0;
  const bool west = in.take('-');
  if (!west) in.expect('+');
  const int hours = in.number(2);
  in.expect(':');
  const int minutes = in.number(2);
  if (!in.good || hours > 23 || minutes > 59) return in.fail();
  const int seconds = (hours * 60 + minutes) * 60;
  return west ? -seconds : seconds;
}

/// A number as 0.d1d2d3… × 10^point; d1 is not 0.
struct Decimal {
  static constexpr std::size_t kDigitsMax = 40;  // 19 of whole units, 9 behind, and to spare
  std::array<char, kDigitsMax> digits{};
  std::size_t count = 0;
  std::int64_t point = 0;
  bool negative = false;

  /// The number times 10^shift, cut to an integer; false if it does not fit 64 bits.
  bool scaled(int shift, std::int64_t& out) const {
    const std::int64_t wanted = point + shift;
    out = 0;
    if (count == 0 || wanted <= 0) return true;
    for (std::int64_t i = 0; i < wanted; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const std::int64_t digit = at < count ? digits[at] : 0;
      if (__builtin_mul_overflow(out, std::int64_t{10}, &out)) return false;
      if (__builtin_add_overflow(out, digit, &out)) return false;
    }
    return true;
  }
};

/// Exponents beyond this are far out of any range; clamped, so that sums cannot overflow.
constexpr std::int64_t kExponentMax = 10'000;

bool read_exponent(Reader& in, std::int64_t& out) {
  if (in.left.empty()) return true;
  if (!in.take('e')) in.expect('E');
  const bool negative = in.take('-');
  if (!negative) in.take('+');
  if (in.left.empty()) return false;
  while (in.good && !in.left.empty()) out = std::min(out * 10 + in.number(1), kExponentMax);
  if (negative) out = -out;
  return in.good;
}

bool read_decimal(std::string_view text, Decimal& out) {
  Reader in{text};
  out.negative = in.take('-');
  bool behind_point = false;
  std::size_t whole = 0;
  std::size_t behind = 0;
  for (; !in.left.empty(); in.left.remove_prefix(1)) {
    const char c = in.left.front();
    if (c == '.' && !behind_point && whole > 0) {
      behind_point = true;
      continue;
    }
    if (!is_digit(c)) break;
    (behind_point ? behind : whole) += 1;
    const bool leading_zero = out.count == 0 && c == '0';
    if (!leading_zero && out.count < Decimal::kDigitsMax) {
      out.digits[out.count++] = static_cast<char>(c - '0');
    }
    if (leading_zero && behind_point) out.point -= 1;
    if (!leading_zero && !behind_point) out.point += 1;
  }
  if (whole == 0 || (behind_point && behind == 0)) return false;
  std::int64_t exponent = 0;
  if (!read_exponent(in, exponent)) return false;
  out.point += exponent;
  return true;
}

}  // namespace

Timestamp parse_rfc3339(std::string_view text) {
  Reader in{text};
  const int year = in.number(4);
  in.expect('-');
  const int month = in.number(2);
  in.expect('-');
  const int day = in.number(2);
  if (!in.take('T') && !in.take('t')) in.expect(' ');
  const int hour = in.number(2);
  in.expect(':');
  const int minute = in.number(2);
  in.expect(':');
  const int second = in.number(2);
  std::int64_t nanos = in.fraction();
  const int offset = read_offset(in);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!in.good || !in.left.empty() || year == 0 || !date.ok()) return {};
  if (hour > 23 || minute > 59 || second > 60) return {};
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  std::int64_t seconds = days * 86'400 + (hour * 60 + minute) * 60 + second - offset;
  if (second == 60) {
    seconds -= 1;
    nanos = kNanosPerSecond - 1;
    if ((seconds % 86'400 + 86'400) % 86'400 != 86'399) return {};
  }
  return make(seconds, nanos);
}

Timestamp parse_epoch(std::string_view text) {
  Decimal number;
  if (!read_decimal(text, number)) return {};
  // Nanoseconds per unit are 10^9 (s), 10^6 (ms), 10^3 (µs), 1 (ns): the first that fits.
  for (int shift = kFractionDigits; shift >= 0; shift -= 3) {
    std::int64_t nanos = 0;
    if (!number.scaled(shift, nanos)) continue;
    if (nanos / kNanosPerSecond > kSecondsMax) continue;
    return {State::good, EventTime(std::chrono::nanoseconds(number.negative ? -nanos : nanos))};
  }
  return {.state = State::out_of_range};
}

Timestamp parse_timestamp(std::string_view text) {
  // A date has a dash behind the fourth digit of the year.
  const bool date = text.size() > 4 && is_digit(text[3]) && text[4] == '-';
  return date ? parse_rfc3339(text) : parse_epoch(text);
}

}  // namespace ouzel
