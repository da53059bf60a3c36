/// FeaturePart: one field seen through one kind of window; the piece of which FeatureStage is made.
/// A part keeps its own bytes per key and fills its own columns; no part knows another.
///
/// Meanings. x is the field's value in this event; a value beyond the range of a float counts as
/// the nearest float, so every result stays finite. A missing value (NaN) is not added; what the
/// window holds is given all the same. n is the number of values in the window.
///   count   n, 0 if there are none; every other function is NaN then
///   sum, mean, min, max   of the window with x
///   std     sqrt(sum((x_i - mean)^2) / (n - 1)), of the window with x; NaN if n < 2
///   last    the newest value, x included
///   delta   x - the newest value before x; NaN if either is missing
///   ewma    first value: x; then (1 - alpha) * e + alpha * x, see ewma_part.h
///   range   max - min
///   rate    (newest value - oldest) / (their distance in event time, in seconds): the window's
///           mean change per second. Newest and oldest by event time; of equal times the newest is
///           the one accepted last, the oldest the one accepted first. NaN if the distance is 0
///   slope   change per second of the least-squares line of value against event time:
///           sum((t_i - mean t) (x_i - mean x)) / sum((t_i - mean t)^2). NaN if all times are equal
///   quantile  the value of rank ceil(q n), counted from the smallest: always one that occurred
///           (definition 1 of Hyndman and Fan 1996); over a span of a sample, see sample_part.h
///   distinct  how many different values, 0 if there are none; over a span at most 64, see
///           distinct_part.h
///   zscore  (x - mean) / max(std, grain * max(|x|, |mean|)), mean and std of the window *before*
///           x: a value that is part of its own yardstick can never exceed (n - 1) / sqrt(n), which
///           hides outliers in short windows (Shiffler 1988). NaN if x is missing or that window
///           has fewer than 2 values. The floor keeps it finite when the window is constant; grain
///           is the relative size of a difference that the window cannot tell from its rounding.
/// Without a window:
///   lag     the k-th newest value before this event, in the order of acceptance
///   since   seconds of event time since the newest value before (without a field: since the key's
///           newest event before); negative for a late event
/// Of the row alone:
///   hour, weekday   of the event's time in `zone`: 0 to 23; 0 (Monday) to 6
///   one_hot   for each word of the field's `enum` a column: 1 if it is the text, else 0
///   ordinal   the place of the text in `enum`, from 0; NaN if it is not there
///   ratio, difference   a / b, NaN if b is 0; a - b; of two columns, NaN if either is missing
/// An empty text counts as missing.
#pragma once

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "ouzel/batch/batch.h"
#include "ouzel/feature/feature_plan.h"
#include "ouzel/stage/stage.h"

namespace ouzel {

inline constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// Rows are done in blocks, so that what the parts share stays in the cache.
inline constexpr std::size_t kFeatureBlockRows = 256;
/// How many rows ahead a part asks memory for the beginning of a key's bytes, and then, knowing
/// those, for the rest that it will touch.
inline constexpr std::size_t kFeatureRowsFar = 12;
inline constexpr std::size_t kFeatureRowsNear = 6;

/// At most kFeatureBlockRows live rows of a batch, in order.
struct FeatureBlock {
  Batch& batch;
  const StateView& state;
  std::span<const std::uint32_t> rows;

  double value(std::size_t i, std::size_t field) const {
    return std::clamp(batch.values.row(rows[i])[field], -static_cast<double>(FLT_MAX),
                      static_cast<double>(FLT_MAX));
  }
  std::int64_t time_ns(std::size_t i) const {
    return batch.time[rows[i]].time_since_epoch().count();
  }
  std::string_view text(std::size_t i, std::size_t field) const {
    return batch.strings[field][rows[i]];
  }
  double& feature(std::size_t i, std::size_t column) const {
    return batch.features.row(rows[i])[column];
  }
  /// 64 bits that an event brings along, each as likely 0 as 1.
  std::uint64_t chance(std::size_t i) const { return batch.identity[rows[i]].low; }
  /// The key's bytes of a part that begins at `offset`.
  std::byte* key(std::size_t i, std::size_t offset) const {
    return state.key<std::byte>(rows[i]) + offset;
  }
  void prefetch(std::size_t i, std::size_t offset) const {
    if (i + kFeatureRowsFar < rows.size()) __builtin_prefetch(key(i + kFeatureRowsFar, offset));
  }
  /// Fills a column, if it was asked for, with value_of(i) of each row.
  template <class ValueOf>
  void write(std::uint32_t column, ValueOf value_of) const {
    if (column == FeatureColumns::kNotAsked) return;
    for (std::size_t i = 0; i < rows.size(); ++i) batch.features.row(rows[i])[column] = value_of(i);
  }
};

class FeaturePart {
 public:
  virtual ~FeaturePart() = default;
  /// A multiple of 8.
  virtual std::size_t key_bytes() const = 0;
  /// The part's bytes begin at `offset` of the stage's bytes of a key.
  virtual void run(const FeatureBlock& block, std::size_t offset) = 0;
};

/// What a window holds after an event, and how the event stood to it before.
struct WindowStats {
  double count = 0;
  double sum = 0;
  double mean = 0;
  double m2 = 0;  ///< Sum of the squared differences from the mean.
  double min = 0;
  double max = 0;
  double zscore = kMissing;
};
using BlockStats = std::array<WindowStats, kFeatureBlockRows>;

/// b - a in seconds; two event times may be further apart than 63 bits of nanoseconds.
inline double seconds_between(std::int64_t a, std::int64_t b) {
  const auto from = static_cast<std::uint64_t>(a);
  const auto to = static_cast<std::uint64_t>(b);
  return a <= b ? static_cast<double>(to - from) * 1e-9 : -(static_cast<double>(from - to) * 1e-9);
}

inline double change_per_second(double a, std::int64_t a_time, double b, std::int64_t b_time) {
  return a_time == b_time ? kMissing : (b - a) / seconds_between(a_time, b_time);
}

/// Place of a quantile among `count` > 0 sorted values, from 1: ceil(q * count).
inline std::uint64_t rank_of(std::uint32_t millionths, std::uint64_t count) {
  return (count * millionths + 999'999) / 1'000'000;
}

inline double sample_std(double count, double m2) {
  return count < 2 ? kMissing : std::sqrt(m2 / (count - 1));
}

inline double zscore(double x, const WindowStats& before, double grain) {
  if (before.count < 2) return kMissing;
  const double floor = grain * std::max(std::fabs(x), std::fabs(before.mean));
  const double spread = std::max(sample_std(before.count, before.m2), floor);
  const double difference = x - before.mean;
  return difference == 0 ? 0 : difference / spread;
}

/// Which aggregates the asked functions need; a part is compiled once for each combination.
struct WindowNeeds {
  bool moments = false;
  bool min = false;
  bool max = false;
  explicit WindowNeeds(const FeatureColumns& columns)
      : moments(columns.asked(FeatureFunction::sum) || columns.asked(FeatureFunction::mean) ||
                columns.asked(FeatureFunction::std) || columns.asked(FeatureFunction::zscore)),
        min(columns.asked(FeatureFunction::min) || columns.asked(FeatureFunction::range)),
        max(columns.asked(FeatureFunction::max) || columns.asked(FeatureFunction::range)) {}
};

/// Calls `choose.operator()<moments, min, max>()`.
template <class Choose>
auto choose_for(const WindowNeeds& needs, Choose choose) {
  switch ((needs.moments ? 4 : 0) + (needs.min ? 2 : 0) + (needs.max ? 1 : 0)) {
    case 0: return choose.template operator()<false, false, false>();
    case 1: return choose.template operator()<false, false, true>();
    case 2: return choose.template operator()<false, true, false>();
    case 3: return choose.template operator()<false, true, true>();
    case 4: return choose.template operator()<true, false, false>();
    case 5: return choose.template operator()<true, false, true>();
    case 6: return choose.template operator()<true, true, false>();
    default: return choose.template operator()<true, true, true>();
  }
}

/// Writes the columns of count, sum, mean, std, min, max, range and zscore.
void write_stats(const FeatureBlock& block, const BlockStats& stats, const FeatureColumns& columns);

}  // namespace ouzel
