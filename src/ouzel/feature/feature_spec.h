/// What the `features` section of a pipeline file says. Values; made by app/pipeline, used by the
/// feature stage and by lint.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/feature/time_zone.h"

namespace ouzel {

enum class FeatureFunction : std::uint8_t {
  // Of a window.
  count,
  sum,
  mean,
  std,
  min,
  max,
  range,
  last,
  delta,
  rate,
  slope,
  ewma,
  zscore,
  quantile,
  distinct,
  // Of the key's past, without a window.
  lag,
  since,
  // Of the row alone.
  hour,
  weekday,
  one_hot,
  ordinal,
};

/// One entry of `features`, in one of these forms:
///   {of: [a, b], take: [mean, std, lag], last: 64}   or with over: 5m; neither where no function
///                                                    looks at a window
///   {take: [hour, weekday], zone: Europe/Berlin}
///   {ratio: [a, b]}   {difference: [a, b]}
struct FeatureSpec {
  std::vector<std::string> of = {};  ///< Fields of the schema.
  std::vector<FeatureFunction> take = {};
  std::uint32_t last = 0;                      ///< Events of the key; 0: not given.
  std::chrono::nanoseconds over{0};            ///< Span of event time; 0: not given.
  double q = 0;                                ///< Of quantile; 0: the median.
  std::uint32_t lag = 0;                       ///< Of lag; 0: one.
  std::string zone = {};                       ///< Of hour and weekday; empty: UTC.
  std::shared_ptr<const TimeZone> rules = {};  ///< Of `zone`; absent: UTC.
  std::vector<std::string> ratio = {};         ///< Two columns, the second the divisor.
  std::vector<std::string> difference = {};    ///< Two columns, the second subtracted.
};

}  // namespace ouzel
