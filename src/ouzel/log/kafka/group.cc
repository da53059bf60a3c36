#include "ouzel/log/kafka/group.h"

#include <charconv>
#include <vector>

namespace ouzel {
namespace {

constexpr std::string_view kVersion = "ouzel1";

std::vector<std::uint64_t> numbers_of(const Totals& totals) {
  std::vector<std::uint64_t> out = {totals.scored, totals.late, totals.alerts, totals.reviews,
                                    totals.review_overflow};
  out.insert(out.end(), totals.rejected.begin(), totals.rejected.end());
  return out;
}

bool read_number(std::string_view text, std::uint64_t& out, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_hash(std::string_view text, Hash128& out) {
  constexpr std::size_t kDigits = 16;
  return text.size() == 2 * kDigits && read_number(text.substr(0, kDigits), out.high, 16) &&
         read_number(text.substr(kDigits), out.low, 16);
}

bool read_totals(std::string_view text, Totals& out) {
  std::vector<std::uint64_t*> places = {&out.scored, &out.late, &out.alerts, &out.reviews,
                                        &out.review_overflow};
  for (std::uint64_t& total : out.rejected) places.push_back(&total);
  for (std::uint64_t* place : places) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (!read_number(text.substr(0, comma), *place)) return false;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return text.empty();
}

/// One `name=value`; names that a later version adds are passed by.
bool read_field(std::string_view name, std::string_view value, CommitNote& out) {
  std::uint64_t number = 0;
  if (name == "plan") return read_hash(value, out.plan);
  if (name == "totals") return read_totals(value, out.totals);
  if (name == "owner") {
    out.owner = value;
    return true;
  }
  if (name == "since" || name == "began") {
    if (!read_number(value, number)) return false;
    (name == "since" ? out.plan_since : out.began) = Offset(number);
  }
  if (name == "partitions") {
    if (!read_number(value, number)) return false;
    out.partitions = static_cast<std::uint16_t>(number);
  }
  return true;
}

}  // namespace

std::string to_text(const CommitNote& note) {
  std::string out(kVersion);
  out += " plan=" + to_string(note.plan);
  out += " since=" + std::to_string(note.plan_since.value());
  out += " began=" + std::to_string(note.began.value());
  out += " partitions=" + std::to_string(note.partitions);
  out += " owner=" + note.owner;
  out += " totals=";
  const char* between = "";
  for (const std::uint64_t number : numbers_of(note.totals)) {
    out += between + std::to_string(number);
    between = ",";
  }
  return out;
}

std::optional<CommitNote> read_note(std::string_view text) {
  if (!text.starts_with(std::string(kVersion) + " ")) return std::nullopt;
  text.remove_prefix(kVersion.size() + 1);
  CommitNote out;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view field = text.substr(0, space);
    const std::size_t equal = field.find('=');
    if (equal == field.npos) return std::nullopt;
    if (!read_field(field.substr(0, equal), field.substr(equal + 1), out)) return std::nullopt;
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return out;
}

}  // namespace ouzel
