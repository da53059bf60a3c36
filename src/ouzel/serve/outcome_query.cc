#include "ouzel/serve/outcome_query.h"

#include <charconv>
#include <limits>

#include "ouzel/base/hash.h"

namespace ouzel {
namespace {

template <class T>
bool parse_number(std::string_view text, T& out, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string hex(std::uint64_t value) {
  std::string out(16, '0');
  out.resize(static_cast<std::size_t>(
      std::to_chars(out.data(), out.data() + out.size(), value, 16).ptr - out.data()));
  return out;
}

bool parse_partition(std::string_view text, std::optional<PartitionId>& out) {
  std::uint16_t number = 0;
  if (!parse_number(text, number) || number >= kPartitionsMax) return false;
  out = PartitionId(number);
  return true;
}

bool parse_from(std::string_view text, OutcomeQuery& out) {
  using From = OutcomeQuery::From;
  if (text == "beginning" || text == "end") {
    out.from = text == "end" ? From::end : From::beginning;
    return true;
  }
  if (const std::size_t colon = text.find(':'); colon != text.npos) {
    std::uint64_t offset = 0;
    out.from = From::offset;
    if (!parse_partition(text.substr(0, colon), out.cursor.partition) ||
        !parse_number(text.substr(colon + 1), offset)) {
      return false;
    }
    out.offset = Offset(offset);
    return true;
  }
  const auto cursor = parse_cursor(text);
  if (!cursor) return false;
  out.from = From::cursor;
  out.cursor = *cursor;
  return true;
}

/// The value whose name is `text`, of `values`.
template <class T>
bool parse_name(std::string_view text, std::initializer_list<T> values, std::optional<T>& out) {
  for (const T value : values) {
    if (to_string(value) == text) out = value;
  }
  return out.has_value();
}

}  // namespace

std::string to_string(const OutcomeCursor& cursor) {
  std::string out = hex(cursor.position.value()) + "." + hex(cursor.row);
  if (cursor.partition) out += "." + hex(cursor.partition->value());
  return out + "-" + hex(crc32c(out));
}

std::optional<OutcomeCursor> parse_cursor(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == text.npos || text.substr(dash + 1) != hex(crc32c(text.substr(0, dash)))) {
    return std::nullopt;
  }
  text = text.substr(0, dash);
  OutcomeCursor out;
  std::uint64_t position = 0;
  const std::size_t dot = text.find('.');
  if (dot == text.npos || !parse_number(text.substr(0, dot), position, 16)) return std::nullopt;
  out.position = LogPosition(position);
  const std::string_view rest = text.substr(dot + 1);
  const std::size_t second = rest.find('.');
  if (!parse_number(rest.substr(0, second), out.row, 16)) return std::nullopt;
  if (second == rest.npos) return out;
  std::uint16_t partition = 0;
  if (!parse_number(rest.substr(second + 1), partition, 16)) return std::nullopt;
  out.partition = PartitionId(partition);
  return out;
}

bool OutcomeQuery::matches(const OutcomeRow& row) const {
  const bool live = row.fate == Fate::live;
  if (scored && *scored != live) return false;
  if (key && *key != row.key) return false;
  if (label && (!live || *label != row.label)) return false;
  return !route || (live && *route == row.route);
}

Result<OutcomeQuery> parse_outcome_query(const http::Request& request) {
  OutcomeQuery out;
  const auto wrong = [](const char* expected, const std::string& got) {
    return fail(ErrorCode::config, std::string(expected) + " expected, got " + got);
  };
  if (const auto text = request.parameter("from"); text && !parse_from(*text, out)) {
    return wrong("from: beginning, end, PARTITION:OFFSET or a cursor of an earlier answer", *text);
  }
  if (const auto text = request.parameter("limit")) {
    if (!parse_number(*text, out.limit) || out.limit == 0 || out.limit > kOutcomesLimitMax) {
      return wrong("limit: a number from 1 to 10000", *text);
    }
  }
  if (const auto text = request.parameter("label");
      text && !parse_name(*text, {Label::normal, Label::anomaly}, out.label)) {
    return wrong("label: normal or anomaly", *text);
  }
  if (const auto text = request.parameter("route");
      text && !parse_name(*text, {Route::pass, Route::review, Route::alert}, out.route)) {
    return wrong("route: pass, review or alert", *text);
  }
  if (const auto text = request.parameter("status")) {
    if (*text != "scored" && *text != "rejected") return wrong("status: scored or rejected", *text);
    out.scored = *text == "scored";
  }
  out.key = request.parameter("key");
  return out;
}

}  // namespace ouzel
