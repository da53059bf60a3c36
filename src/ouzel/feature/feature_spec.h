/// What the `features` section of a pipeline file says. Values; made by app/pipeline, used by the
/// feature stage and by lint.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace ouzel {

enum class FeatureFunction : std::uint8_t {
  count,
  sum,
  mean,
  std,
  min,
  max,
  last,
  delta,
  ewma,
  zscore,
};

/// `{of: [a, b], take: [mean, std], last: 64}` or `{…, over: 5m}`; just one of last and over.
struct FeatureSpec {
  std::vector<std::string> of = {};  ///< Numeric fields of the schema.
  std::vector<FeatureFunction> take = {};
  std::uint32_t last = 0;            ///< Events of the key; 0: `over` holds.
  std::chrono::nanoseconds over{0};  ///< Span of event time.
};

}  // namespace ouzel
