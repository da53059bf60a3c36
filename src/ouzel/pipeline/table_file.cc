#include "ouzel/pipeline/table_file.h"

#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "ouzel/decode/csv.h"
#include "ouzel/decode/timestamp.h"
#include "ouzel/spec/document_text.h"
#include "ouzel/spec/nearest.h"

namespace ouzel {
namespace {

/// Columns wanted, in this order: the key, those to add, valid_from if there is one.
std::vector<std::string> wanted_columns(const EnrichSpec& spec) {
  std::vector<std::string> out = {spec.key_column()};
  out.insert(out.end(), spec.add.begin(), spec.add.end());
  if (!spec.valid_from.empty()) out.push_back(spec.valid_from);
  return out;
}

tl::unexpected<Error> wrong(const EnrichSpec& spec, std::uint64_t line, const std::string& what) {
  return fail(ErrorCode::config, spec.table + ":" + std::to_string(line) + ": " + what);
}

tl::unexpected<Error> no_column(const EnrichSpec& spec, std::uint64_t line,
                                const std::string& column, const std::vector<std::string>& known) {
  const std::string hint = suggest(column, known);
  return wrong(spec, line, "no column '" + column + "'" + (hint.empty() ? "" : "; " + hint));
}

/// Collects rows and keeps their bounds, whatever the form of the file.
class Rows {
 public:
  Rows(const EnrichSpec& spec, std::uint64_t rows_max) : spec_(spec), rows_max_(rows_max) {}

  /// `cells` as wanted_columns.
  Result<void> add(std::vector<TableRow::Cell> cells, std::uint64_t line) {
    if (rows_.size() >= rows_max_) {
      return wrong(spec_, line,
                   "more than " + std::to_string(rows_max_) +
                       " rows: limits.table_rows is what a table may have");
    }
    for (const TableRow::Cell& cell : cells) {
      if (cell.text.size() > kTableCellBytesMax) {
        return wrong(spec_, line,
                     "a cell of " + std::to_string(cell.text.size()) + " bytes; at most " +
                         std::to_string(kTableCellBytesMax));
      }
    }
    TableRow row{.key = std::move(cells.front()), .cells = {}, .line = line};
    if (row.key.text.empty()) return wrong(spec_, line, "the key is empty");
    if (!spec_.valid_from.empty()) {
      const Timestamp time = parse_timestamp(cells.back().text);
      if (time.state != Timestamp::State::good) {
        return wrong(spec_, line,
                     spec_.valid_from + ": a time (RFC 3339 or epoch) expected, got '" +
                         cells.back().text.substr(0, 60) + "'");
      }
      row.valid_from = time.time;
      cells.pop_back();
    }
    row.cells.assign(std::make_move_iterator(cells.begin() + 1),
                     std::make_move_iterator(cells.end()));
    rows_.push_back(std::move(row));
    return {};
  }
  std::vector<TableRow> take() { return std::move(rows_); }

 private:
  const EnrichSpec& spec_;
  const std::uint64_t rows_max_;
  std::vector<TableRow> rows_;
};

/// Where each wanted column stands in the header.
Result<std::vector<std::size_t>> find_columns(const EnrichSpec& spec, std::uint64_t line,
                                              std::span<const std::string_view> cells) {
  const std::vector<std::string> header(cells.begin(), cells.end());
  std::vector<std::size_t> out;
  for (const std::string& column : wanted_columns(spec)) {
    const auto at = std::find(header.begin(), header.end(), column);
    if (at == header.end()) return no_column(spec, line, column, header);
    if (std::find(at + 1, header.end(), column) != header.end()) {
      return wrong(spec, line, "column '" + column + "' stands there twice");
    }
    out.push_back(static_cast<std::size_t>(at - header.begin()));
  }
  return out;
}

Result<void> read_csv(std::string_view text, const EnrichSpec& spec, Rows& rows) {
  CsvReader reader({.delimiter = sniff_delimiter(text.substr(0, text.find('\n')))});
  std::uint64_t lines = 0;
  std::size_t width = 0;
  std::vector<std::size_t> columns;
  while (!text.empty()) {
    const CsvReader::Found found = reader.next(text, true);
    const std::uint64_t line = lines + reader.blank_lines() + 1;
    lines += reader.lines();
    if (found == CsvReader::Found::more) {
      if (text.empty()) break;
      return wrong(spec, line, "a record of more than 1 MiB");
    }
    if (found == CsvReader::Found::bad) return wrong(spec, line, std::string(reader.wrong()));
    const auto cells = reader.cells();
    if (columns.empty()) {
      OUZEL_TRY(columns, find_columns(spec, line, cells));
      width = cells.size();
      continue;
    }
    if (cells.size() != width) {
      return wrong(spec, line,
                   std::to_string(width) + " cells as in the header expected, got " +
                       std::to_string(cells.size()));
    }
    std::vector<TableRow::Cell> wanted;
    for (const std::size_t column : columns) wanted.push_back({std::string(cells[column])});
    OUZEL_TRY_VOID(rows.add(std::move(wanted), line));
  }
  if (columns.empty()) return fail(ErrorCode::config, spec.table + ": no header");
  return {};
}

using simdjson::dom::element;

/// A scalar as a cell; nullopt: an array or an object.
std::optional<TableRow::Cell> cell_of(element value) {
  using simdjson::dom::element_type;
  switch (value.type()) {
    case element_type::STRING: return TableRow::Cell{std::string(std::string_view(value)), true};
    case element_type::BOOL: return TableRow::Cell{bool(value) ? "1" : "0"};
    case element_type::NULL_VALUE: return TableRow::Cell{};
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE: return TableRow::Cell{simdjson::minify(value)};
    default: return std::nullopt;
  }
}

/// The objects of a JSON table; messages count them from 1.
class JsonRows {
 public:
  JsonRows(const EnrichSpec& spec, Rows& rows)
      : spec_(spec), rows_(rows), wanted_(wanted_columns(spec)), seen_(wanted_.size(), false) {}

  /// `outer`: the key, where it stands outside of the object.
  Result<void> add(element value, std::optional<std::string> outer) {
    ++number_;
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return wrong(spec_, number_, "an object expected");
    std::vector<TableRow::Cell> cells;
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      if (i == 0 && outer) {
        cells.push_back({std::move(*outer)});
        seen_[0] = true;
        continue;
      }
      std::optional<element> found;
      for (const auto& [name, content] : object) {
        if (name != wanted_[i]) continue;
        if (found) return wrong(spec_, number_, "'" + wanted_[i] + "' stands there twice");
        found = content;
      }
      if (found) {
        auto cell = cell_of(*found);
        if (!cell) {
          return wrong(spec_, number_, wanted_[i] + ": a text, a number or true/false expected");
        }
        cells.push_back(std::move(*cell));
        seen_[i] = true;
      } else {
        cells.emplace_back();  // Absent is empty, like an empty cell of CSV.
      }
    }
    return rows_.add(std::move(cells), number_);
  }
  /// A column that no object has is misspelt.
  Result<void> finish() const {
    const auto absent = std::find(seen_.begin(), seen_.end(), false);
    if (number_ == 0 || absent == seen_.end()) return {};
    return fail(ErrorCode::config, spec_.table + ": no object has '" +
                                       wanted_[static_cast<std::size_t>(absent - seen_.begin())] +
                                       "'");
  }

 private:
  const EnrichSpec& spec_;
  Rows& rows_;
  const std::vector<std::string> wanted_;
  std::vector<bool> seen_;
  std::uint64_t number_ = 0;
};

Result<void> read_json(std::string_view text, const EnrichSpec& spec, Rows& rows) {
  simdjson::dom::parser parser;
  JsonRows objects(spec, rows);
  element root;
  if (const auto error = parser.parse(text.data(), text.size(), true).get(root);
      error != simdjson::SUCCESS) {
    return fail(ErrorCode::config,
                spec.table + ": not JSON: " + std::string(simdjson::error_message(error)));
  }
  simdjson::dom::array list;
  if (root.get(list) == simdjson::SUCCESS) {
    for (const element one : list) OUZEL_TRY_VOID(objects.add(one, std::nullopt));
    return objects.finish();
  }
  simdjson::dom::object members;
  if (root.get(members) != simdjson::SUCCESS) {
    return fail(ErrorCode::config,
                spec.table + ": an array of objects, or an object of objects expected");
  }
  for (const auto& [key, one] : members) OUZEL_TRY_VOID(objects.add(one, std::string(key)));
  return objects.finish();
}

}  // namespace

Result<std::vector<TableRow>> read_table_rows(std::string_view bytes, const EnrichSpec& spec,
                                              std::uint64_t rows_max) {
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  if (const std::size_t at = bytes.find('\0'); at != bytes.npos) {
    return fail(ErrorCode::config, spec.table + ": a NUL byte at " + std::to_string(at));
  }
  if (!valid_utf8(bytes)) return fail(ErrorCode::config, spec.table + ": not valid UTF-8");
  Rows rows(spec, rows_max);
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  const bool json = first != bytes.npos && (bytes[first] == '[' || bytes[first] == '{');
  OUZEL_TRY_VOID(json ? read_json(bytes, spec, rows) : read_csv(bytes, spec, rows));
  return rows.take();
}

}  // namespace ouzel
