/// TimeZone: the offset from UTC at an instant, from one compiled file of the IANA time zone
/// database (RFC 9636, "TZif", versions 2 to 4) and nothing else, so that the same bytes give the
/// same answer everywhere.
///
/// An immutable value. Errors: config, for bytes that are not such a file (any bytes may come).
/// Instants before the first transition have the first kind of time; behind the last one the rule
/// at the file's end holds (a POSIX TZ string), or the last kind where there is none. Leap seconds
/// are refused: event time counts none.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"

namespace ouzel {

/// A change of clocks that comes back each year.
struct YearlyChange {
  enum class Kind : std::uint8_t {
    month_week_day,  ///< Week 1 to 5 of a month, 5 the last; day 0 is Sunday.
    day_of_365,      ///< 1 to 365, 29 February is never counted.
    day_of_year,     ///< 0 to 365.
  };
  Kind kind = Kind::month_week_day;
  std::int32_t month = 0, week = 0, day = 0;
  std::int32_t seconds = 7200;  ///< Wall clock since midnight; may be negative or above a day.
};

/// `CET-1CEST,M3.5.0,M10.5.0/3`: offsets in seconds east of UTC.
struct YearlyRule {
  std::int32_t standard = 0;
  std::optional<std::int32_t> summer;  ///< Absent: standard time all year.
  YearlyChange begin, end;             ///< Of summer time.
  std::int32_t offset_at(std::int64_t seconds) const;
};

class TimeZone {
 public:
  static Result<TimeZone> parse(std::string_view bytes);
  /// Seconds east of UTC at `seconds` since 1970 in UTC.
  std::int32_t offset_at(std::int64_t seconds) const;

 private:
  std::vector<std::int64_t> changes_;  ///< Ascending.
  std::vector<std::int32_t> offsets_;  ///< From change i on.
  std::int32_t first_ = 0;             ///< Before the first change.
  std::optional<YearlyRule> rule_;     ///< From the last change on.
};

/// nullopt: not a POSIX TZ string as RFC 9636 has it.
std::optional<YearlyRule> parse_yearly_rule(std::string_view text);

/// Says what is wrong with the name of a zone ("Europe/Berlin"); empty: nothing. A good name never
/// leaves the directory of the database.
std::string_view zone_name_error(std::string_view name);

}  // namespace ouzel
