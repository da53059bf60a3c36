// JSON of an outcome, written by hand because it stands on the hot path of `tap` and every egress:
// fixed key order, shortest numbers.

#include <array>
#include <charconv>
#include <cmath>

#include "ouzel/base/json_text.h"
#include "ouzel/outcome/outcome.h"
#include "ouzel/outcome/outcome_line.h"

namespace ouzel {
namespace {

/// The shortest decimals that read back as the same float or double.
template <class Float>
void put_number(std::string& out, Float value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), end);
}

void put_integer(std::string& out, std::uint64_t value) {
  std::array<char, 24> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), end);
}

/// A JSON string; `text` is UTF-8 (decode saw to that).
void put_text(std::string& out, std::string_view text) {
  append_json_text(out, text, JsonLetters::newline_tab);
}

/// The last `count` decimal digits of `value`.
char* put_digits(char* to, std::uint64_t value, std::size_t count) {
  for (std::size_t i = count; i > 0; --i) {
    to[i - 1] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return to + count;
}

char* put_digits_and(char* to, std::uint64_t value, std::size_t count, char behind) {
  to = put_digits(to, value, count);
  *to = behind;
  return to + 1;
}

using TimeText = std::array<char, 32>;

/// As `render_time`; the view is into `text`.
std::string_view time_text(TimeText& text, EventTime time) {
  // Rounded down without ever leaving 64 bits: the first day of 1677 that fits is not whole.
  constexpr std::int64_t kDay = 86'400'000'000'000;
  const std::int64_t since = time.time_since_epoch().count();
  const std::int64_t rest = since % kDay;
  const std::chrono::days day(since / kDay - (rest < 0 ? 1 : 0));
  const std::chrono::year_month_day date{std::chrono::sys_days{day}};
  const std::chrono::hh_mm_ss clock{std::chrono::nanoseconds(rest < 0 ? rest + kDay : rest)};
  char* to = text.data();
  to = put_digits_and(to, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4, '-');
  to = put_digits_and(to, static_cast<unsigned>(date.month()), 2, '-');
  to = put_digits_and(to, static_cast<unsigned>(date.day()), 2, 'T');
  to = put_digits_and(to, static_cast<std::uint64_t>(clock.hours().count()), 2, ':');
  to = put_digits_and(to, static_cast<std::uint64_t>(clock.minutes().count()), 2, ':');
  to = put_digits(to, static_cast<std::uint64_t>(clock.seconds().count()), 2);
  auto fraction = static_cast<std::uint64_t>(clock.subseconds().count());
  std::size_t digits = 9;
  while (digits > 0 && fraction % 1000 == 0) {
    fraction /= 1000;
    digits -= 3;
  }
  if (digits > 0) {
    *to++ = '.';
    to = put_digits(to, fraction, digits);
  }
  *to++ = 'Z';
  return {text.data(), to};
}

void put_flags(std::string& out, std::uint8_t flags) {
  out += ",\"flags\":[";
  const std::size_t begin = out.size();
  const auto put = [&](std::uint8_t bit, std::string_view name) {
    if ((flags & bit) == 0) return;
    if (out.size() != begin) out += ',';
    put_text(out, name);
  };
  put(kFlagLate, "late");
  put(kFlagHoldOff, "hold_off");
  put(kFlagWarming, "warming");
  put(kFlagUnknownKey, "unknown_key");
  put(kFlagReviewFull, "review_full");
  out += ']';
}

void put_scored(std::string& out, const InForce& in_force, const OutcomeRow& row) {
  out += R"(,"status":"scored","score":)";
  put_number(out, row.score);
  out += R"(,"confidence":)";
  put_number(out, row.confidence);
  out += R"(,"label":)";
  put_text(out, to_string(row.label));
  out += R"(,"threshold":)";
  put_number(out, in_force.threshold);
  out += R"(,"route":)";
  put_text(out, to_string(row.route));
  out += R"(,"model":{"name":)";
  put_text(out, in_force.model_name);
  out += R"(,"version":)";
  put_integer(out, in_force.model_version);
  out += R"(,"role":"champion"},"reasons":[)";
  for (std::uint8_t i = 0; i < row.reasons; ++i) {
    if (i > 0) out += ',';
    out += R"({"feature":)";
    put_text(out, row.reason_name[i]);
    out += R"(,"weight":)";
    put_number(out, row.reason_weight[i]);
    out += '}';
  }
  out += ']';
  if (row.features.empty()) return;
  out += R"(,"features":{)";
  for (std::size_t i = 0; i < in_force.feature_names.size(); ++i) {
    if (i > 0) out += ',';
    put_text(out, in_force.feature_names[i]);
    out += ':';
    put_number(out, load<double>(row.features.data() + i * sizeof(double)));
  }
  out += '}';
}

/// `event_bytes`: null for topic outcomes.
void put_data(std::string& out, PartitionId partition, const InForce& in_force,
              const OutcomeRow& row, const std::string_view* event_bytes) {
  out += R"({"event":{"source":)";
  put_text(out, row.source);
  out += R"(,"id":)";
  put_text(out, row.id);
  out += R"(,"key":)";
  put_text(out, row.key);
  if (row.time != kNoTime) {
    out += R"(,"time":")";
    render_time(out, row.time);
    out += '"';
  }
  if (event_bytes != nullptr) {
    out += R"(,"bytes":)";
    put_text(out, *event_bytes);
  }
  out += R"(},"position":{"partition":)";
  put_integer(out, partition.value());
  out += R"(,"offset":)";
  put_integer(out, row.offset.value());
  out += '}';
  if (row.fate == Fate::live) {
    put_scored(out, in_force, row);
  } else {
    out += R"(,"status":"rejected","reason":)";
    put_text(out, to_string(row.fate));
    out += R"(,"detail":)";
    put_text(out, row.detail);
  }
  put_flags(out, row.flags);
  if (!row.trace.empty()) {
    out += R"(,"trace":)";
    put_text(out, row.trace);
  }
  out += '}';
}

/// Up to the data.
void put_attributes(std::string& out, const OutcomeAttributes& attributes) {
  out += R"({"specversion":"1.0","id":)";
  put_text(out, attributes.id);
  out += R"(,"source":)";
  put_text(out, attributes.source);
  out += R"(,"type":")";
  out += kOutcomeType;
  out += '"';
  if (!attributes.time.empty()) {
    out += R"(,"time":)";
    put_text(out, attributes.time);
  }
  out += R"(,"datacontenttype":"application/json","data":)";
}

void put_outcome(std::string& out, PartitionId partition, const InForce& in_force,
                 const OutcomeRow& row, const std::string_view* event_bytes) {
  std::array<char, 32> id{};
  char* end = id.data() + id.size();
  char* to = std::to_chars(id.data(), end, partition.value()).ptr;
  *to++ = ':';
  to = std::to_chars(to, end, row.offset.value()).ptr;
  TimeText text{};
  put_attributes(out, {.id = {id.data(), to},
                       .source = "/ouzel/" + in_force.pipeline,
                       .time = row.time == kNoTime ? "" : time_text(text, row.time)});
  put_data(out, partition, in_force, row, event_bytes);
  out += '}';
}

}  // namespace

void render(std::string& out, PartitionId partition, const InForce& in_force,
            const OutcomeRow& row) {
  put_outcome(out, partition, in_force, row, nullptr);
}

void render_data(std::string& out, PartitionId partition, const InForce& in_force,
                 const OutcomeRow& row) {
  put_data(out, partition, in_force, row, nullptr);
}

void render_line(std::string& out, const OutcomeAttributes& attributes, std::string_view data) {
  put_attributes(out, attributes);
  out += data;
  out += '}';
}

void render_time(std::string& out, EventTime time) {
  TimeText text{};
  out.append(time_text(text, time));
}

void render_reject(std::string& out, PartitionId partition, const InForce& in_force,
                   const OutcomeRow& row, std::string_view event_bytes) {
  put_outcome(out, partition, in_force, row, &event_bytes);
}

}  // namespace ouzel
