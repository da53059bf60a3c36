/// FeaturePlan: the `features` section resolved against the schema. Functions that look at the same
/// field through the same window share one entry and one state.
///
/// Values, made once per pipeline; nothing here runs per event. Errors: config.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/batch/schema.h"
#include "ouzel/feature/feature_spec.h"

namespace ouzel {

inline constexpr std::size_t kFeatureFunctions = 10;
/// "count", "sum", …: the word in the pipeline file and in feature names.
std::string_view to_string(FeatureFunction function);

/// Largest `last`: positions in a window are 16 bits wide.
inline constexpr std::uint32_t kFeatureLastMax = 65'535;

/// For each function the column of Batch::features that it fills, if it was asked for.
struct FeatureColumns {
  static constexpr std::uint32_t kNotAsked = 0xffffffffU;
  FeatureColumns() { at.fill(kNotAsked); }
  std::uint32_t of(FeatureFunction function) const {
    return at[static_cast<std::size_t>(function)];
  }
  bool asked(FeatureFunction function) const { return of(function) != kNotAsked; }
  std::array<std::uint32_t, kFeatureFunctions> at;
};

/// All that is asked of one field through one window.
struct FeatureWindow {
  std::size_t field = 0;   ///< Column of Batch::values.
  std::uint32_t last = 0;  ///< Events of the key; 0: `over` holds.
  std::chrono::nanoseconds over{0};
  FeatureColumns columns;
};

struct FeaturePlan {
  std::vector<std::string> fields;  ///< Names of the fields read, each once.
  std::vector<std::string> names;   ///< Columns of Batch::features, in order.
  std::vector<FeatureWindow> windows;
};

/// Columns stand spec by spec, field by field, function by function. A name that occurs twice, an
/// unknown or textual field, an empty list or a window out of bounds is an error.
Result<FeaturePlan> plan_features(const Schema& schema, const std::vector<FeatureSpec>& specs);

/// `vibration_std_64`, `vibration_max_5m`: the span in its largest exact unit.
Result<std::vector<std::string>> feature_names(const Schema& schema,
                                               const std::vector<FeatureSpec>& specs);

}  // namespace ouzel
