#include "ouzel/decode/csv_event.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "ouzel/decode/detail.h"
#include "ouzel/decode/json_text.h"

namespace ouzel {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  return text;
}

/// A number as JSON writes it (RFC 8259, section 6).
bool is_json_number(std::string_view text) {
  const auto digits = [&text] {
    std::size_t count = 0;
    while (count < text.size() && digit(text[count])) ++count;
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero = text.starts_with('0');
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

/// What people write for a number, in JSON; nullopt: none.
std::optional<std::string> lax_number(std::string_view text, char decimal) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::string plain(text);
  if (decimal != '.') {
    if (plain.find('.') != plain.npos) return std::nullopt;
    std::replace(plain.begin(), plain.end(), decimal, '.');
  }
  if (is_json_number(plain)) return plain;
  double number = 0;
  const char* const end = plain.data() + plain.size();
  const auto [behind, error] = std::from_chars(plain.data(), end, number);
  const bool begins = !plain.empty() && (digit(plain[0]) || plain[0] == '.' || plain[0] == '-');
  if (!begins || error != std::errc() || behind != end || !std::isfinite(number)) {
    return std::nullopt;
  }
  return shortest(number);
}

bool equal_words(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

bool one_of(std::string_view text, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return equal_words(text, word); });
}

constexpr std::array<std::string_view, 3> kNoNumber = {"na", "nan", "null"};

}  // namespace

Result<CsvEvent> CsvEvent::make(std::span<const std::string> columns, const Schema* schema,
                                CsvEventOptions options) {
  CsvEvent out;
  out.options_ = std::move(options);
  std::set<std::string_view> seen;
  for (const std::string& name : columns) {
    Column column;
    if (name.empty()) column.kind = Kind::unnamed;
    if (name.find('\r') != std::string::npos) {
      return fail(
          ErrorCode::config,
          "a column's name has a CR in it; where lines end with CR alone they must be given "
          "an LF (tr '\\r' '\\n')");
    }
    if (!name.empty() && !seen.insert(name).second) {
      return fail(ErrorCode::config, "two columns have the name " + name.substr(0, 100));
    }
    append_json_text(column.member, name);
    column.member += ':';
    using Source = FieldSource::Kind;
    if (schema != nullptr && !name.empty()) {
      for (const Field& field : schema->fields) {
        if (field.name != name) continue;
        column.kind = field.type == FieldType::string    ? Kind::text
                      : field.type == FieldType::boolean ? Kind::boolean
                                                         : Kind::number;
      }
      const bool is_field = column.kind != Kind::unknown;
      if (!is_field && schema->key.kind == Source::payload && schema->key.name == name) {
        column.kind = Kind::text;
      }
      if (!is_field && schema->time.kind == Source::payload && schema->time.name == name) {
        column.kind = Kind::time;
      }
    }
    out.columns_.push_back(std::move(column));
  }
  return out;
}

void CsvEvent::write(std::string& out, std::span<const std::string_view> cells) const {
  out += '{';
  bool first = true;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Column& column = columns_[i];
    if (cells[i].empty() || column.kind == Kind::unnamed) continue;
    if (column.kind == Kind::number && one_of(trimmed(cells[i]), kNoNumber)) continue;
    if (!first) out += ',';
    first = false;
    out += column.member;
    write_cell(out, column.kind, cells[i]);
  }
  out += '}';
}

void CsvEvent::write_cell(std::string& out, Kind kind, std::string_view cell) const {
  const std::string_view text = trimmed(cell);
  switch (kind) {
    case Kind::unnamed:
    case Kind::text: break;
    case Kind::time: return write_time(out, text);
    case Kind::boolean: {
      constexpr std::array<std::string_view, 2> kTrue = {"true", "1"};
      constexpr std::array<std::string_view, 2> kFalse = {"false", "0"};
      if (one_of(text, kTrue)) {
        out += "true";
        return;
      }
      if (one_of(text, kFalse)) {
        out += "false";
        return;
      }
      break;
    }
    case Kind::number:
      // With a decimal comma 1.234 may be a thousand and more, so a point is no number there.
      if (options_.decimal == '.' && is_json_number(text)) {
        out += text;
        return;
      }
      if (const auto number = lax_number(text, options_.decimal)) {
        out += *number;
        return;
      }
      break;
    case Kind::unknown:
      if (is_json_number(text)) {
        out += text;
        return;
      }
      break;
  }
  append_json_text(out, cell);
}

/// Epoch numbers stay numbers. A date, or a date and time, without an offset gets the one stated.
void CsvEvent::write_time(std::string& out, std::string_view text) const {
  if (is_json_number(text)) {
    out += text;
    return;
  }
  std::string full(text);
  const bool dated = text.size() >= 10 && digit(text[0]) && text[4] == '-' && text[7] == '-';
  const bool local = dated && digit(text.back()) && text.find_first_of("+-", 10) == text.npos;
  if (local && !options_.utc_offset.empty()) {
    if (text.size() == 10) full += "T00:00:00";
    if (text.size() == 16) full += ":00";
    full += options_.utc_offset;
  }
  append_json_text(out, full);
}

}  // namespace ouzel
