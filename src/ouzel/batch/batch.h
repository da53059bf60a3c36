/// Batch: the one currency between decode and the outcome. A set of rows (events of one partition,
/// in the order of acceptance) as typed columns. Stages only add columns; a bad row is data: its
/// `fate` says why, and every later stage passes it by.
///
/// A value that moves; copying does not compile. One thread at a time. Columns have `rows()`
/// entries each once the stage that adds them has run; before that they are empty.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/check.h"
#include "ouzel/base/hash.h"
#include "ouzel/base/types.h"

namespace ouzel {

/// What becomes of a row. `live` goes on; all else ends as an outcome `rejected` with this reason.
enum class Fate : std::uint8_t {
  live = 0,
  schema,        ///< Wrong type, range, missing or duplicate field, not an object.
  clock_ahead,   ///< Event time beyond acceptance + time.max_future.
  too_late,      ///< Behind the key's newest event time by more than time.max_late.
  unknown_key,   ///< A lookup table rejects the key.
  model_failed,  ///< The model gave no usable answer.
  // What is refused at a door that can answer becomes a rejection where the source cannot be told:
  malformed,
  no_key,
  too_large,
  envelope,
};
inline constexpr std::size_t kFates = 10;
/// The word of CONTRACT.md: "schema", "clock_ahead", …; "live" for live.
std::string_view to_string(Fate fate);

enum class Label : std::uint8_t { normal = 0, anomaly = 1 };
enum class Route : std::uint8_t { pass = 0, review = 1, alert = 2 };
std::string_view to_string(Label label);
std::string_view to_string(Route route);

/// Bits of Batch::flags.
inline constexpr std::uint8_t kFlagLate = 1;        ///< "late": behind the key's newest event time.
inline constexpr std::uint8_t kFlagHoldOff = 2;     ///< "hold_off": an alert held back.
inline constexpr std::uint8_t kFlagWarming = 4;     ///< "warming": too little history to judge.
inline constexpr std::uint8_t kFlagUnknownKey = 8;  ///< "unknown_key": a lookup table lacks it.
inline constexpr std::uint8_t kFlagReviewFull = 16;  ///< "review_full": the day's budget is spent.

/// Strings of one column in one arena. Views live as long as the column is not changed.
class StringColumn {
 public:
  std::size_t size() const { return ends_.size(); }
  void clear() {
    bytes_.clear();
    ends_.clear();
  }
  void append(std::string_view text) {
    bytes_.append(text);
    ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  }
  /// Takes back the last append.
  void pop() {
    ends_.pop_back();
    bytes_.resize(ends_.empty() ? 0 : ends_.back());
  }
  std::string_view operator[](std::size_t row) const {
    const std::uint32_t begin = row == 0 ? 0 : ends_[row - 1];
    return std::string_view(bytes_).substr(begin, ends_[row] - begin);
  }

 private:
  std::string bytes_;
  std::vector<std::uint32_t> ends_;
};

/// Rows × width numbers, one row after the other. NaN stands for "missing".
class NumberTable {
 public:
  std::size_t width() const { return width_; }
  void reset(std::size_t rows, std::size_t width) {
    width_ = width;
    numbers_.assign(rows * width, std::numeric_limits<double>::quiet_NaN());
  }
  void set_width(std::size_t width) { width_ = width; }
  /// Gives each of the table's `rows` rows `width` ≥ width() columns; the new ones are NaN.
  void widen(std::size_t rows, std::size_t width);
  /// Appends a row of NaN and returns it; valid until the next append.
  double* append_row() {
    numbers_.resize(numbers_.size() + width_, std::numeric_limits<double>::quiet_NaN());
    return numbers_.data() + numbers_.size() - width_;
  }
  void pop_row() { numbers_.resize(numbers_.size() - width_); }
  double* row(std::size_t index) { return numbers_.data() + index * width_; }
  const double* row(std::size_t index) const { return numbers_.data() + index * width_; }

 private:
  std::size_t width_ = 0;
  std::vector<double> numbers_;
};

inline constexpr std::size_t kReasonsMax = 3;
/// The features that drove a score, strongest first; `column` is an index into the plan's list of
/// reason names; weights are shares of the score's evidence in (0, 1].
struct Reasons {
  std::uint8_t count = 0;
  std::array<std::uint16_t, kReasonsMax> column{};
  std::array<float, kReasonsMax> weight{};
};

class Batch {
 public:
  Batch() = default;
  Batch(Batch&&) = default;
  Batch& operator=(Batch&&) = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  std::size_t rows() const { return fate.size(); }

  // -- decode -------------------------------------------------------------------------------
  std::vector<Fate> fate;
  std::vector<Hash128> identity;        ///< Of source and id: what makes two events the same.
  StringColumn source, id, key, trace;  ///< `trace`: 32 hex digits, or empty.
  std::vector<Hash128> key_hash;
  std::vector<EventTime> time;        ///< Nanoseconds UTC; of a row without one: kNoTime.
  StringColumn detail;                ///< Why a row is not live: which field, what, got what.
  NumberTable values;                 ///< The schema's numeric fields, in its order.
  std::vector<StringColumn> strings;  ///< The schema's string fields, in its order.
  std::vector<std::uint8_t> flags;    ///< kFlag… bits.
  /// When each row was accepted, where that differs from row to row (records of Kafka); else empty:
  /// all rows at their frame's time.
  std::vector<WallTime> accepted;

  // -- feature ------------------------------------------------------------------------------
  NumberTable features;  ///< In the order of the plan's feature names.

  // -- model, decide ------------------------------------------------------------------------
  std::vector<float> score;       ///< In [0, 1].
  std::vector<float> confidence;  ///< In [0, 1].
  std::vector<Label> label;
  std::vector<Route> route;
  std::vector<Reasons> reasons;

  bool live(std::size_t row) const { return fate[row] == Fate::live; }

  /// What a row's `detail` is to be. For rows that a later step than decode rejects: the column is
  /// written anew, once for all of them.
  struct Explained {
    std::size_t row = 0;
    std::string detail;
  };
  /// `explained` in the order of rows.
  void explain(const std::vector<Explained>& explained);
};

/// Rows [begin, end) of what decode made: for the rare batch that must be cut.
Batch slice(const Batch& batch, std::size_t begin, std::size_t end);
/// The rows whose mark is 0.
Batch without(const Batch& batch, const std::vector<std::uint8_t>& marks);

/// The time of a row whose event time could not be read.
inline constexpr EventTime kNoTime{EventTime::duration::min()};

}  // namespace ouzel
