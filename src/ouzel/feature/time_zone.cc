#include "ouzel/feature/time_zone.h"

#include <algorithm>
#include <chrono>
#include <string>

namespace ouzel {
namespace {

using std::chrono::days;

constexpr std::int64_t kDay = 86'400;
constexpr std::int32_t kOffsetMax = 26 * 3600;  // RFC 9636: -25:59:59 to 25:59:59.

/// Reads big-endian numbers; past the end it gives 0 and is spoilt.
class TzReader {
 public:
  explicit TzReader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t number(std::size_t size) {
    const std::string_view at = take(size);
    std::uint64_t out = 0;
    for (const char byte : at) out = (out << 8) | static_cast<unsigned char>(byte);
    return out;
  }
  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) {
      spoilt_ = true;
      return {};
    }
    const std::string_view out = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return out;
  }
  std::string_view rest() const { return bytes_; }
  bool spoilt() const { return spoilt_; }

 private:
  std::string_view bytes_;
  bool spoilt_ = false;
};

struct TzHeader {
  std::uint64_t version = 0, utc = 0, standard = 0, leaps = 0, changes = 0, kinds = 0, letters = 0;
  /// Of the block behind it, with times of `width` bytes.
  std::uint64_t block_bytes(std::uint64_t width) const {
    return changes * (width + 1) + kinds * 6 + letters + leaps * (width + 4) + standard + utc;
  }
};

TzHeader read_header(TzReader& reader) {
  TzHeader out;
  if (reader.take(4) != "TZif") return out;
  out.version = reader.number(1);
  reader.take(15);
  for (auto* count :
       {&out.utc, &out.standard, &out.leaps, &out.changes, &out.kinds, &out.letters}) {
    *count = reader.number(4);
  }
  return out;
}

tl::unexpected<Error> bad_file(const std::string& why) {
  return fail(ErrorCode::config, "not a compiled time zone (RFC 9636): " + why);
}

/// Characters of a POSIX TZ string, from left to right.
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : text_(text) {}
  bool done() const { return text_.empty(); }
  bool skip(char wanted) {
    if (text_.empty() || text_.front() != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool skip_name() {
    const bool quoted = skip('<');
    std::size_t size = 0;
    const auto fits = [quoted](char c) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      return letter || (quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-'));
    };
    while (size < text_.size() && fits(text_[size])) ++size;
    text_.remove_prefix(size);
    return size >= 3 && (!quoted || skip('>'));
  }
  std::optional<std::int32_t> number(std::int32_t min, std::int32_t max) {
    std::int32_t out = 0;
    std::size_t size = 0;
    while (size < text_.size() && text_[size] >= '0' && text_[size] <= '9' && size < 4) {
      out = out * 10 + (text_[size++] - '0');
    }
    text_.remove_prefix(size);
    if (size == 0 || out < min || out > max) return std::nullopt;
    return out;
  }
  /// [+-]hh[:mm[:ss]]
  std::optional<std::int32_t> clock(std::int32_t hours_max) {
    const bool negative = skip('-');
    if (!negative) skip('+');
    const auto hours = number(0, hours_max);
    if (!hours) return std::nullopt;
    std::int32_t out = *hours * 3600;
    for (const std::int32_t unit : {60, 1}) {
      if (!skip(':')) break;
      const auto part = number(0, 59);
      if (!part) return std::nullopt;
      out += *part * unit;
    }
    return negative ? -out : out;
  }

 private:
  std::string_view text_;
};

/// `,M3.5.0/2`, `,J60`, `,59`
std::optional<YearlyChange> read_change(RuleReader& reader) {
  YearlyChange out;
  if (!reader.skip(',')) return std::nullopt;
  std::optional<std::int32_t> day;
  if (reader.skip('M')) {
    const auto month = reader.number(1, 12);
    if (!month || !reader.skip('.')) return std::nullopt;
    const auto week = reader.number(1, 5);
    if (!week || !reader.skip('.')) return std::nullopt;
    out.month = *month;
    out.week = *week;
    day = reader.number(0, 6);
  } else if (reader.skip('J')) {
    out.kind = YearlyChange::Kind::day_of_365;
    day = reader.number(1, 365);
  } else {
    out.kind = YearlyChange::Kind::day_of_year;
    day = reader.number(0, 365);
  }
  if (!day) return std::nullopt;
  out.day = *day;
  if (!reader.skip('/')) return out;
  const auto seconds = reader.clock(167);
  if (!seconds) return std::nullopt;
  out.seconds = *seconds;
  return out;
}

std::int64_t day_number(std::chrono::sys_days day) { return day.time_since_epoch().count(); }

/// Wall clock seconds since 1970 at which it happens in that year.
std::int64_t wall_seconds(const YearlyChange& change, std::chrono::year year) {
  using namespace std::chrono;
  const std::int64_t first = day_number(sys_days(year / January / 1));
  std::int64_t day = 0;
  switch (change.kind) {
    case YearlyChange::Kind::day_of_year: day = first + change.day; break;
    case YearlyChange::Kind::day_of_365:
      day = first + change.day - 1 + (year.is_leap() && change.day >= 60 ? 1 : 0);
      break;
    case YearlyChange::Kind::month_week_day: {
      const year_month in = year / month(static_cast<unsigned>(change.month));
      const weekday on(static_cast<unsigned>(change.day));
      day = change.week == 5 ? day_number(sys_days(in / weekday_last(on)))
                             : day_number(sys_days(in / on[static_cast<unsigned>(change.week)]));
      break;
    }
  }
  return day * kDay + change.seconds;
}

std::int64_t floor_day(std::int64_t seconds) {
  return seconds / kDay - (seconds % kDay < 0 ? 1 : 0);
}

}  // namespace

std::int32_t YearlyRule::offset_at(std::int64_t seconds) const {
  if (!summer) return standard;
  const std::chrono::sys_days day(days(floor_day(seconds + standard)));
  const std::chrono::year year = std::chrono::year_month_day(day).year();
  const std::int64_t from = wall_seconds(begin, year) - standard;
  const std::int64_t until = wall_seconds(end, year) - *summer;
  const bool in_summer =
      from < until ? (from <= seconds && seconds < until) : !(until <= seconds && seconds < from);
  return in_summer ? *summer : standard;
}

std::optional<YearlyRule> parse_yearly_rule(std::string_view text) {
  RuleReader reader(text);
  YearlyRule out;
  if (!reader.skip_name()) return std::nullopt;
  const auto west = reader.clock(24);
  if (!west) return std::nullopt;
  out.standard = -*west;
  if (reader.done()) return out;
  if (!reader.skip_name()) return std::nullopt;
  out.summer = out.standard + 3600;
  const RuleReader before = reader;
  if (const auto summer_west = reader.clock(24)) {
    out.summer = -*summer_west;
  } else {
    reader = before;
  }
  const auto begin = read_change(reader);
  if (!begin) return std::nullopt;
  const auto end = read_change(reader);
  if (!end || !reader.done()) return std::nullopt;
  out.begin = *begin;
  out.end = *end;
  return out;
}

Result<TimeZone> TimeZone::parse(std::string_view bytes) {
  TzReader reader(bytes);
  const TzHeader old = read_header(reader);
  if (old.version < '2' || old.version > '4') return bad_file("version 2 to 4 expected");
  reader.take(old.block_bytes(4));
  const TzHeader header = read_header(reader);
  const std::uint64_t block = header.block_bytes(8);
  if (reader.spoilt() || header.version != old.version || block > reader.rest().size()) {
    return bad_file("too short");
  }
  if (header.kinds == 0 || header.kinds > 256) return bad_file("1 to 256 kinds expected");
  if (header.leaps != 0) return bad_file("it counts leap seconds");
  TimeZone out;
  std::vector<std::uint64_t> kinds;
  for (std::uint64_t i = 0; i < header.changes; ++i) {
    out.changes_.push_back(static_cast<std::int64_t>(reader.number(8)));
  }
  for (std::uint64_t i = 0; i < header.changes; ++i) kinds.push_back(reader.number(1));
  std::vector<std::int32_t> offsets;
  for (std::uint64_t i = 0; i < header.kinds; ++i) {
    offsets.push_back(static_cast<std::int32_t>(reader.number(4)));
    if (std::abs(std::int64_t{offsets.back()}) >= kOffsetMax) {
      return bad_file("an offset of more than a day");
    }
    reader.take(2);
  }
  reader.take(header.letters + header.standard + header.utc);
  for (const std::uint64_t kind : kinds) {
    if (kind >= offsets.size()) return bad_file("a kind that it does not have");
    out.offsets_.push_back(offsets[kind]);
  }
  if (!std::is_sorted(out.changes_.begin(), out.changes_.end())) {
    return bad_file("changes out of order");
  }
  out.first_ = offsets.front();
  std::string_view rule = reader.rest();
  if (rule.size() < 2 || rule.front() != '\n' || rule.back() != '\n') {
    return bad_file("no rule at its end");
  }
  rule = rule.substr(1, rule.size() - 2);
  if (rule.empty()) return out;
  out.rule_ = parse_yearly_rule(rule);
  if (!out.rule_) return bad_file("the rule at its end is not understood");
  return out;
}

std::int32_t TimeZone::offset_at(std::int64_t seconds) const {
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), seconds);
  if (after == changes_.end() && rule_) return rule_->offset_at(seconds);
  if (after == changes_.begin()) return first_;
  return offsets_[static_cast<std::size_t>(after - changes_.begin()) - 1];
}

std::string_view zone_name_error(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
  if (name.empty() || name.size() > 64) return "is not a name of 1 to 64 bytes";
  if (name.find_first_not_of(kAllowed) != std::string_view::npos || name.front() == '/') {
    return "is not the name of a time zone such as Europe/Berlin";
  }
  return {};
}

}  // namespace ouzel
