/// LookupTable: the rows of one table by key, and by time where rows hold from a time on.
///
/// An immutable value shared by all lanes; any thread may look up. Errors of `make`: config.
/// Cost: one hash and about one probe a lookup; 4 to 8 bytes a row beside keys and cells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/base/types.h"
#include "ouzel/batch/batch.h"
#include "ouzel/batch/schema.h"
#include "ouzel/enrich/enrich_spec.h"

namespace ouzel {

/// One row as it was read: what EnrichSpec names of it, in the same order.
struct TableRow {
  struct Cell {
    std::string text;
    bool quoted = false;  ///< A text even if it reads like a number (a JSON string).
  };
  Cell key;
  EventTime valid_from = kNoTime;
  std::vector<Cell> cells;  ///< As EnrichSpec::add.
  std::uint64_t line = 0;   ///< Where it stands in its file, or its number; for messages.
};

class LookupTable {
 public:
  /// `numeric_key`: the payload's field is a number, and keys are equal when their numbers are. A
  /// column is of numbers if each cell is one or empty, else of texts.
  static Result<LookupTable> make(const EnrichSpec& spec, bool numeric_key,
                                  std::vector<TableRow> rows);

  /// The columns of `add`, as fields of a schema.
  const std::vector<Field>& added() const { return added_; }
  std::size_t rows() const { return keys_.size(); }
  bool numeric_key() const { return numeric_key_; }

  /// The row of that key which holds at `time`.
  std::optional<std::size_t> find(std::string_view key, EventTime time) const;
  std::optional<std::size_t> find(double key, EventTime time) const;
  /// Cells by row and by number among the columns of that type; NaN or empty where there is none.
  double number(std::size_t row, std::size_t column) const { return numbers_.row(row)[column]; }
  std::string_view text(std::size_t row, std::size_t column) const { return texts_[column][row]; }

 private:
  void index();
  std::optional<std::size_t> newest_at(std::size_t first, EventTime time) const;
  Result<void> add_column(const EnrichSpec& spec, std::size_t column,
                          const std::vector<TableRow>& rows);

  bool numeric_key_ = false;
  bool timed_ = false;
  std::vector<Field> added_;
  StringColumn keys_;             ///< Sorted, rows of one key by time.
  std::vector<EventTime> times_;  ///< Empty unless `timed_`.
  NumberTable numbers_;
  std::vector<StringColumn> texts_;
  std::vector<std::uint32_t> slots_;  ///< Open addressing: 1 + the first row of a key; 0: free.
};

/// The whole of `text` as a finite decimal number.
std::optional<double> cell_number(std::string_view text);

}  // namespace ouzel
