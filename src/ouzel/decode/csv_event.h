/// CsvEvent: a record of CSV as the JSON object that stands for it, so that a file of CSV is
/// decoded, kept and read back as all other events are.
///
/// A column becomes the member of its name; an empty cell is a missing member. The schema says how
/// a cell is written: of a number as the JSON number it means (`.5`, `+7`, `007` and a decimal
/// comma too; `NA`, `NaN` and `null` are missing), of a boolean as true or false (also 1 and 0), of
/// a string and of the key as a string. What does not read as its type stays a string, and decode
/// rejects it by name. A column that the schema does not know is kept as a number if it is one.
/// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/batch/schema.h"

namespace ouzel {

struct CsvEventOptions {
  char decimal = '.';
  /// What stands behind a time that has no offset of its own: `Z`, `+01:00`; empty: nothing.
  std::string utc_offset;
};

class CsvEvent {
 public:
  /// `schema` may be null: then nothing is known of any column. Errors: config (a name twice).
  static Result<CsvEvent> make(std::span<const std::string> columns, const Schema* schema,
                               CsvEventOptions options);
  std::size_t columns() const { return columns_.size(); }
  /// Appends the object; `cells` are as many as columns.
  void write(std::string& out, std::span<const std::string_view> cells) const;

 private:
  enum class Kind : std::uint8_t { unnamed, unknown, number, boolean, text, time };
  struct Column {
    std::string member;  ///< `"name":`
    Kind kind = Kind::unknown;
  };
  void write_cell(std::string& out, Kind kind, std::string_view cell) const;
  void write_time(std::string& out, std::string_view cell) const;

  std::vector<Column> columns_;
  CsvEventOptions options_;
};

}  // namespace ouzel
