/// Quantities as people write them: durations `5ms`, `1h30m`, `PT1S` (ISO 8601-1, without years and
/// months), sizes `64KiB`, `10MB`, numbers; and back into the shortest form.
///
/// Errors: config; the message says what was expected, and reads on after "… is '5x', ".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "ouzel/base/error.h"

namespace ouzel {

/// Up to 292 years; finer than a nanosecond is an error.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);
/// In the largest unit that leaves a whole number: `5m`, `90s`, `7d`.
std::string format_duration(std::chrono::nanoseconds duration);

/// A bare number is bytes.
Result<std::uint64_t> parse_size(std::string_view text);
/// In the largest binary unit that leaves a whole number: `16MiB`, `1000`.
std::string format_size(std::uint64_t bytes);

/// A finite decimal number.
Result<double> parse_number(std::string_view text);
/// Shortest form that reads back as the same number.
std::string format_number(double number);
/// Whole and not negative.
Result<std::uint64_t> parse_integer(std::string_view text);
/// With commas between the thousands, for people: `1,000,000`.
std::string format_count(std::uint64_t count);
/// About, for people: `1.2 GB`, `340 bytes`.
std::string format_about(std::uint64_t bytes);

}  // namespace ouzel
