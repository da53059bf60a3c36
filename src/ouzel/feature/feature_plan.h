/// FeaturePlan: the `features` section resolved against the schema. Functions that look at the same
/// field through the same window share one entry and one state.
///
/// Values, made once per pipeline; nothing here runs per event. Errors: config.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/batch/schema.h"
#include "ouzel/feature/feature_spec.h"

namespace ouzel {

inline constexpr std::size_t kFeatureFunctions = 21;
/// "count", "sum", …: the word in the pipeline file and in feature names.
std::string_view to_string(FeatureFunction function);

/// Largest `last`: positions in a window are 16 bits wide.
inline constexpr std::uint32_t kFeatureLastMax = 65'535;
/// Largest `last` of rate and slope, which look at the whole window for each event.
inline constexpr std::uint32_t kFeatureTrendLastMax = 1024;
inline constexpr std::uint32_t kFeatureLagMax = 1024;

/// For each function the column of Batch::features that it fills, if it was asked for; of one_hot
/// the first one, of quantile and lag see FeatureWindow.
struct FeatureColumns {
  static constexpr std::uint32_t kNotAsked = 0xffffffffU;
  FeatureColumns() { at.fill(kNotAsked); }
  std::uint32_t of(FeatureFunction function) const {
    return at[static_cast<std::size_t>(function)];
  }
  bool asked(FeatureFunction function) const { return of(function) != kNotAsked; }
  std::array<std::uint32_t, kFeatureFunctions> at;
};

/// What a function looks at.
enum class FeatureInput : std::uint8_t {
  number,  ///< A column of Batch::values.
  text,    ///< A column of Batch::strings.
  event,   ///< The key's events, whatever they hold.
};

struct QuantileColumn {
  std::uint32_t millionths = 0;  ///< Of q.
  std::uint32_t column = 0;
};
struct LagColumn {
  std::uint32_t back = 1;
  std::uint32_t column = 0;
};

/// All that is asked of one field through one window.
struct FeatureWindow {
  FeatureInput input = FeatureInput::number;
  std::size_t field = 0;   ///< Column that `input` names.
  std::uint32_t last = 0;  ///< Events of the key; 0: `over` holds, or no window at all.
  std::chrono::nanoseconds over{0};
  FeatureColumns columns;
  std::vector<QuantileColumn> quantiles;
  std::vector<LagColumn> lags;
};

/// hour and weekday.
struct CalendarColumns {
  std::shared_ptr<const TimeZone> rules;  ///< Absent: UTC.
  FeatureColumns columns;
};

/// one_hot and ordinal of an enum.
struct WordColumns {
  std::size_t field = 0;  ///< Column of Batch::strings.
  std::vector<std::string> words;
  FeatureColumns columns;
};

/// ratio and difference.
struct PairColumn {
  enum class Function : std::uint8_t { ratio, difference };
  struct Operand {
    enum class In : std::uint8_t { values, features };
    In in = In::values;
    std::size_t column = 0;
  };
  Function function = Function::ratio;
  Operand first, second;
  std::uint32_t column = 0;
};

using RowFunction = std::variant<CalendarColumns, WordColumns, PairColumn>;

struct FeaturePlan {
  std::vector<std::string> fields;     ///< Names of the fields read, each once.
  std::vector<std::string> names;      ///< Columns of Batch::features, in order.
  std::vector<FeatureWindow> windows;  ///< Run first; they read no feature.
  std::vector<RowFunction> rows;       ///< In order: a pair may read an earlier one's column.
};

/// Columns stand spec by spec, field by field, function by function. A name that occurs twice, an
/// unknown field or one of the wrong type, an empty list or a window out of bounds is an error.
Result<FeaturePlan> plan_features(const Schema& schema, const std::vector<FeatureSpec>& specs);
/// Adds one more. After an error the plan is good for nothing.
Result<void> add_features(const Schema& schema, const FeatureSpec& spec, FeaturePlan& plan);

/// `vibration_std_64`, `vibration_max_5m` (the span in its largest exact unit),
/// `vibration_q90_64`, `vibration_lag1`, `vibration_since`, `hour`, `mode_is_run`,
/// `ratio_pressure_vibration`.
Result<std::vector<std::string>> feature_names(const Schema& schema,
                                               const std::vector<FeatureSpec>& specs);

/// What a function may be asked of, for lint.
bool takes_number(FeatureFunction function);
bool takes_text(FeatureFunction function);

}  // namespace ouzel
