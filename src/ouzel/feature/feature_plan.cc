#include "ouzel/feature/feature_plan.h"

#include <algorithm>
#include <utility>

namespace ouzel {
namespace {

constexpr std::array<std::string_view, kFeatureFunctions> kWords = {
    "count", "sum", "mean", "std", "min", "max", "last", "delta", "ewma", "zscore"};

std::string span_text(std::chrono::nanoseconds span) {
  constexpr std::pair<std::int64_t, std::string_view> kUnits[] = {{86'400'000'000'000, "d"},
                                                                  {3'600'000'000'000, "h"},
                                                                  {60'000'000'000, "m"},
                                                                  {1'000'000'000, "s"},
                                                                  {1'000'000, "ms"},
                                                                  {1'000, "us"},
                                                                  {1, "ns"}};
  const auto* unit = std::begin(kUnits);
  while (span.count() % unit->first != 0) ++unit;
  return std::to_string(span.count() / unit->first).append(unit->second);
}

std::string window_text(const FeatureSpec& spec) {
  return spec.last > 0 ? std::to_string(spec.last) : span_text(spec.over);
}

/// Column of Batch::values, or the reason why there is none.
Result<std::size_t> value_column(const Schema& schema, const std::string& name) {
  std::size_t column = 0;
  for (const Field& field : schema.fields) {
    const bool number = field.type != FieldType::string;
    if (field.name == name) {
      if (number) return column;
      return fail(ErrorCode::config, "features: field \"" + name + "\" is a string, not a number");
    }
    column += number ? 1 : 0;
  }
  return fail(ErrorCode::config, "features: the schema has no field \"" + name + "\"");
}

Result<void> check_spec(const FeatureSpec& spec) {
  if (spec.of.empty() || spec.take.empty()) {
    return fail(ErrorCode::config, "features: `of` and `take` need at least one entry each");
  }
  if ((spec.last > 0) == (spec.over.count() != 0)) {
    return fail(ErrorCode::config, "features: just one of `last` and `over` is needed");
  }
  if (spec.last > kFeatureLastMax) {
    return fail(ErrorCode::config, "features: last: at most " + std::to_string(kFeatureLastMax) +
                                       ", got " + std::to_string(spec.last));
  }
  if (spec.over.count() < 0) {
    return fail(ErrorCode::config, "features: over: a positive span is needed, got " +
                                       std::to_string(spec.over.count()) + "ns");
  }
  return {};
}

FeatureWindow& window_for(FeaturePlan& plan, std::size_t field, const FeatureSpec& spec) {
  for (FeatureWindow& window : plan.windows) {
    if (window.field == field && window.last == spec.last && window.over == spec.over) {
      return window;
    }
  }
  plan.windows.push_back({.field = field, .last = spec.last, .over = spec.over, .columns = {}});
  return plan.windows.back();
}

Result<void> add_spec(const Schema& schema, const FeatureSpec& spec, FeaturePlan& plan) {
  OUZEL_TRY_VOID(check_spec(spec));
  for (const std::string& name : spec.of) {
    OUZEL_TRY(const std::size_t field, value_column(schema, name));
    if (std::find(plan.fields.begin(), plan.fields.end(), name) == plan.fields.end()) {
      plan.fields.push_back(name);
    }
    FeatureWindow& window = window_for(plan, field, spec);
    for (const FeatureFunction function : spec.take) {
      std::string feature = name;
      feature.append("_").append(to_string(function)).append("_").append(window_text(spec));
      if (std::find(plan.names.begin(), plan.names.end(), feature) != plan.names.end()) {
        return fail(ErrorCode::config, "features: \"" + feature + "\" is asked for twice");
      }
      window.columns.at[static_cast<std::size_t>(function)] =
          static_cast<std::uint32_t>(plan.names.size());
      plan.names.push_back(std::move(feature));
    }
  }
  return {};
}

}  // namespace

std::string_view to_string(FeatureFunction function) {
  return kWords[static_cast<std::size_t>(function)];
}

Result<FeaturePlan> plan_features(const Schema& schema, const std::vector<FeatureSpec>& specs) {
  FeaturePlan plan;
  for (const FeatureSpec& spec : specs) OUZEL_TRY_VOID(add_spec(schema, spec, plan));
  return plan;
}

Result<std::vector<std::string>> feature_names(const Schema& schema,
                                               const std::vector<FeatureSpec>& specs) {
  OUZEL_TRY(FeaturePlan plan, plan_features(schema, specs));
  return std::move(plan.names);
}

}  // namespace ouzel
