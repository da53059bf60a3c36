#include "ouzel/enrich/lookup_table.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "ouzel/base/hash.h"

namespace ouzel {
namespace {

/// A number as a key: its bits, one zero only.
std::string number_key(double number) {
  const auto bits = std::bit_cast<std::uint64_t>(number == 0 ? 0.0 : number);
  return {reinterpret_cast<const char*>(&bits), sizeof(bits)};
}

std::string place(const EnrichSpec& spec, std::uint64_t line) {
  return spec.table + ":" + std::to_string(line);
}

Result<void> key_numbers(const EnrichSpec& spec, std::vector<TableRow>& rows) {
  for (TableRow& row : rows) {
    const auto number = cell_number(row.key.text);
    if (!number) {
      return fail(ErrorCode::config, place(spec, row.line) + ": column '" + spec.key_column() +
                                         "' must hold a number, since '" + spec.key +
                                         "' is one; got '" + row.key.text + "'");
    }
    row.key.text = number_key(*number);
  }
  return {};
}

Result<void> refuse_twins(const EnrichSpec& spec, const std::vector<TableRow>& rows) {
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const TableRow& a = rows[i - 1];
    const TableRow& b = rows[i];
    if (a.key.text != b.key.text || a.valid_from != b.valid_from) continue;
    const std::string what = spec.valid_from.empty() ? "the key" : "the key and valid_from";
    return fail(ErrorCode::config, place(spec, std::max(a.line, b.line)) + ": " + what +
                                       " of line " + std::to_string(std::min(a.line, b.line)) +
                                       " again; each may stand there once");
  }
  return {};
}

}  // namespace

std::optional<double> cell_number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != text.npos) return std::nullopt;
  double out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return out;
}

Result<LookupTable> LookupTable::make(const EnrichSpec& spec, bool numeric_key,
                                      std::vector<TableRow> rows) {
  LookupTable out;
  out.numeric_key_ = numeric_key;
  out.timed_ = !spec.valid_from.empty();
  if (numeric_key) OUZEL_TRY_VOID(key_numbers(spec, rows));
  std::sort(rows.begin(), rows.end(), [](const TableRow& a, const TableRow& b) {
    if (const int order = a.key.text.compare(b.key.text); order != 0) return order < 0;
    return std::pair(a.valid_from, a.line) < std::pair(b.valid_from, b.line);
  });
  OUZEL_TRY_VOID(refuse_twins(spec, rows));
  for (const TableRow& row : rows) {
    out.keys_.append(row.key.text);
    if (out.timed_) out.times_.push_back(row.valid_from);
  }
  for (std::size_t i = 0; i < spec.add.size(); ++i) OUZEL_TRY_VOID(out.add_column(spec, i, rows));
  out.index();
  return out;
}

Result<void> LookupTable::add_column(const EnrichSpec& spec, std::size_t column,
                                     const std::vector<TableRow>& rows) {
  const std::string& name = spec.add[column];
  bool numeric = std::find(spec.text.begin(), spec.text.end(), name) == spec.text.end();
  for (const TableRow& row : rows) {
    const TableRow::Cell& cell = row.cells[column];
    numeric = numeric && (cell.quoted ? false : cell.text.empty() || cell_number(cell.text));
  }
  added_.push_back(
      {.name = name, .type = numeric ? FieldType::number : FieldType::string, .required = false});
  if (!numeric) {
    StringColumn& texts = texts_.emplace_back();
    for (const TableRow& row : rows) texts.append(row.cells[column].text);
    return {};
  }
  const std::size_t at = numbers_.width();
  numbers_.widen(rows.size(), at + 1);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto number = cell_number(rows[i].cells[column].text);
    numbers_.row(i)[at] = number.value_or(std::numeric_limits<double>::quiet_NaN());
  }
  return {};
}

void LookupTable::index() {
  slots_.assign(std::bit_ceil(2 * keys_.size() + 1), 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t row = 0; row < keys_.size(); ++row) {
    if (row > 0 && keys_[row] == keys_[row - 1]) continue;
    std::size_t slot = hash128(keys_[row]).low & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<std::uint32_t>(row + 1);
  }
}

std::optional<std::size_t> LookupTable::find(std::string_view key, EventTime time) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash128(key).low & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const std::size_t first = slots_[slot] - 1;
    if (keys_[first] != key) continue;
    if (!timed_) return first;
    return newest_at(first, time);
  }
  return std::nullopt;
}

/// Of the key's rows, which begin at `first`, the last that holds at `time`. Its rows may be many:
/// the reach doubles, then halves.
std::optional<std::size_t> LookupTable::newest_at(std::size_t first, EventTime time) const {
  const std::string_view key = keys_[first];
  const auto holds = [&](std::size_t row) {
    return row < keys_.size() && times_[row] <= time && keys_[row] == key;
  };
  if (!holds(first)) return std::nullopt;
  std::size_t reach = 1;
  while (holds(first + reach)) reach *= 2;
  std::size_t good = first + reach / 2;
  std::size_t bad = first + reach;
  while (bad - good > 1) {
    const std::size_t middle = good + (bad - good) / 2;
    (holds(middle) ? good : bad) = middle;
  }
  return good;
}

std::optional<std::size_t> LookupTable::find(double key, EventTime time) const {
  if (!std::isfinite(key)) return std::nullopt;
  const auto bits = std::bit_cast<std::uint64_t>(key == 0 ? 0.0 : key);
  return find({reinterpret_cast<const char*>(&bits), sizeof(bits)}, time);
}

}  // namespace ouzel
