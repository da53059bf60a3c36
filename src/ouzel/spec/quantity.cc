#include "ouzel/spec/quantity.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

namespace ouzel {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::array kDurationUnits = {
    Unit{"d", 86'400 * kSecond},
    Unit{"h", 3'600 * kSecond},
    Unit{"m", 60 * kSecond},
    Unit{"s", kSecond},
    Unit{"ms", 1'000'000},
    Unit{"us", 1'000},
    Unit{"µs", 1'000},
    Unit{"ns", 1},
    Unit{"w", 7 * 86'400 * kSecond},
};
constexpr std::array kIsoDateUnits = {Unit{"W", 7 * 86'400 * kSecond}, Unit{"D", 86'400 * kSecond}};
constexpr std::array kIsoTimeUnits = {Unit{"H", 3'600 * kSecond}, Unit{"M", 60 * kSecond},
                                      Unit{"S", kSecond}};
constexpr std::array kSizeUnits = {
    Unit{"TiB", 1ULL << 40},
    Unit{"GiB", 1ULL << 30},
    Unit{"MiB", 1ULL << 20},
    Unit{"KiB", 1ULL << 10},
    Unit{"TB", 1'000'000'000'000},
    Unit{"GB", 1'000'000'000},
    Unit{"MB", 1'000'000},
    Unit{"kB", 1'000},
    Unit{"KB", 1'000},
    Unit{"B", 1},
};
constexpr std::string_view kDurationForm = "not a duration such as 5ms, 60s, 1h, 7d or PT1S";
constexpr std::string_view kSizeForm = "not a size such as 64KiB, 1MiB or 10MB";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A decimal without a sign, as a whole part and nine further digits.
struct Decimal {
  std::uint64_t whole = 0;
  std::uint64_t billionths = 0;
};

/// Reads a decimal off the front of `text`; nullopt: none, or too many digits.
std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal out;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out.whole);
  if (read.ec != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  if (text.empty() || text.front() != '.') return out;
  text.remove_prefix(1);
  std::uint64_t place = kSecond;
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    place /= 10;
    if (place == 0) return std::nullopt;
    out.billionths += place * static_cast<std::uint64_t>(text.front() - '0');
  }
  return out;
}

/// decimal × factor; nullopt if it does not fit or is not whole.
std::optional<std::uint64_t> scale(Decimal decimal, std::uint64_t factor) {
  const auto fraction = static_cast<unsigned __int128>(decimal.billionths) * factor;
  if (fraction % kSecond != 0) return std::nullopt;
  const auto out = static_cast<unsigned __int128>(decimal.whole) * factor + fraction / kSecond;
  if (out > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(out);
}

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

/// Reads `1h30m`: decimals with units. nullopt: not of this form.
std::optional<std::uint64_t> sum_units(std::string_view text, std::span<const Unit> units) {
  std::uint64_t sum = 0;
  while (!text.empty()) {
    const auto decimal = take_decimal(text);
    if (!decimal) return std::nullopt;
    std::size_t end = 0;
    while (end < text.size() && !is_digit(text[end])) ++end;
    const Unit* unit = find_unit(units, text.substr(0, end));
    if (unit == nullptr) return std::nullopt;
    const auto part = scale(*decimal, unit->factor);
    if (!part || *part > std::numeric_limits<std::int64_t>::max() - sum) return std::nullopt;
    sum += *part;
    text.remove_prefix(end);
  }
  return sum;
}

std::optional<std::uint64_t> parse_iso_duration(std::string_view text) {
  text.remove_prefix(1);
  const std::size_t t = text.find('T');
  const std::string_view date = text.substr(0, t);
  const bool has_time = t != std::string_view::npos;
  const std::string_view time = has_time ? text.substr(t + 1) : std::string_view();
  if (has_time ? time.empty() : date.empty()) return std::nullopt;
  const auto days = sum_units(date, kIsoDateUnits);
  const auto seconds = sum_units(time, kIsoTimeUnits);
  if (!days || !seconds || *days > std::numeric_limits<std::int64_t>::max() - *seconds) {
    return std::nullopt;
  }
  return *days + *seconds;
}

bool all_digits(std::string_view text) {
  for (const char c : text) {
    if (!is_digit(c)) return false;
  }
  return !text.empty();
}

std::string format_units(std::uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) return std::to_string(value / unit.factor).append(unit.name);
  }
  return std::to_string(value);
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::nanoseconds(0);
  if (all_digits(text)) {
    const std::string number(text);
    return fail(ErrorCode::config,
                "a duration without a unit; write " + number + "s or " + number + "ms");
  }
  std::optional<std::uint64_t> value;
  if (text.starts_with('P')) {
    value = parse_iso_duration(text);
  } else if (!text.empty()) {
    value = sum_units(text, kDurationUnits);
  }
  if (!value) return fail(ErrorCode::config, std::string(kDurationForm));
  return std::chrono::nanoseconds(static_cast<std::int64_t>(*value));
}

std::string format_duration(std::chrono::nanoseconds duration) {
  const auto value = static_cast<std::uint64_t>(duration.count());
  if (value == 0) return "0s";
  return format_units(value, std::span(kDurationUnits).first(8));
}

Result<std::uint64_t> parse_size(std::string_view text) {
  std::string_view rest = text;
  const auto decimal = take_decimal(rest);
  if (!decimal) return fail(ErrorCode::config, std::string(kSizeForm));
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  const Unit* unit = find_unit(kSizeUnits, rest.empty() ? "B" : rest);
  if (unit == nullptr) return fail(ErrorCode::config, std::string(kSizeForm));
  const auto bytes = scale(*decimal, unit->factor);
  if (!bytes) return fail(ErrorCode::config, std::string(kSizeForm));
  return *bytes;
}

std::string format_size(std::uint64_t bytes) {
  if (bytes == 0) return "0";
  for (const Unit& unit : std::span(kSizeUnits).first(4)) {
    if (bytes % unit.factor == 0) return std::to_string(bytes / unit.factor).append(unit.name);
  }
  return std::to_string(bytes);
}

Result<double> parse_number(std::string_view text) {
  double number = 0;
  std::string_view rest = text.starts_with('+') ? text.substr(1) : text;
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (read.ec != std::errc() || read.ptr != rest.data() + rest.size() || !std::isfinite(number)) {
    return fail(ErrorCode::config, "not a number");
  }
  return number;
}

std::string format_number(double number) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  return {buffer.data(), end};
}

Result<std::uint64_t> parse_integer(std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return fail(ErrorCode::config, "not a whole number of 0 or more");
  }
  return number;
}

std::string format_count(std::uint64_t count) {
  std::string out = std::to_string(count);
  for (std::size_t at = out.size(); at > 3;) {
    at -= 3;
    out.insert(at, 1, ',');
  }
  return out;
}

std::string format_about(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kNames = {"kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1'000) return std::to_string(bytes) + " bytes";
  std::uint64_t tenths = bytes / 100;
  std::size_t name = 0;
  for (; tenths >= 10'000 && name + 1 < kNames.size(); ++name) tenths /= 1'000;
  std::string out = std::to_string(tenths / 10);
  if (tenths < 1'000) out.append(".").append(std::to_string(tenths % 10));
  return out.append(" ").append(kNames[name]);
}

}  // namespace ouzel
