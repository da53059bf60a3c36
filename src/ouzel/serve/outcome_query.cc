#include "ouzel/serve/outcome_query.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "ouzel/base/hash.h"
#include "ouzel/spec/nearest.h"

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

/// A worker on Kafka has some of the partitions only.
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

Result<void> judge_parameters(const http::Request& request, const std::vector<std::string>& known) {
  std::string_view rest = request.query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::string_view given = pair.substr(0, pair.find('='));
    const std::string name = http::percent_decode(given, true).value_or(std::string(given));
    if (pair.empty() || std::find(known.begin(), known.end(), name) != known.end()) continue;
    return fail(ErrorCode::config, "there is no parameter '" + name.substr(0, 100) + "' here; " +
                                       suggest(name, known));
  }
  return {};
}

Result<void> judge_partition(const OutcomeQuery& query, const StatusSource& status) {
  if (query.from != OutcomeQuery::From::offset) return {};
  const PartitionId asked = *query.cursor.partition;
  const std::vector<LaneStatus> lanes = status.status().lanes;
  if (lanes.empty()) return fail(ErrorCode::unavailable, "from: no partition is here yet");
  std::string there;
  bool all = true;  // From 0 on.
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const std::uint16_t number = lanes[i].partition.value();
    if (number == asked.value()) return {};
    all = all && number == i;
    there.append(i == 0 ? "" : ", ").append(std::to_string(number));
  }
  if (all && lanes.size() > 1) there = "0 to " + std::to_string(lanes.size() - 1);
  return fail(ErrorCode::config, "from: there is no partition " + std::to_string(asked.value()) +
                                     " here, of " + std::to_string(lanes.size()) + ": " + there);
}

Result<OutcomeQuery> parse_outcome_query(const http::Request& request, ShownTopic topic) {
  OutcomeQuery out;
  const auto wrong = [](const char* expected, const std::string& got) {
    return fail(ErrorCode::config, std::string(expected) + " expected, got " + got.substr(0, 100));
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
  if (topic == ShownTopic::events && out.filters()) {
    return fail(ErrorCode::config, "topic events has no filters: they are about outcomes");
  }
  return out;
}

http::Response refusal_of(const Error& error) {
  return http::problem(error.code == ErrorCode::config ? 400 : 503, error.message);
}

Result<OutcomeCursor> place_of(const OutcomeQuery& query, ShownTopic topic, Log& log) {
  using From = OutcomeQuery::From;
  OutcomeCursor out = query.cursor;
  switch (query.from) {
    case From::cursor:
      if (out.position > log.durable_end()) {
        return fail(ErrorCode::config, "the cursor is not of this log: it lies beyond its end");
      }
      break;
    case From::beginning: out.position = log.oldest(); break;
    case From::newest:
    case From::end: out.position = log.durable_end(); break;
    case From::offset: {
      OUZEL_TRY(out.position, log.find(topic_of(topic), *out.partition, query.offset));
      break;
    }
  }
  return out;
}

}  // namespace ouzel
