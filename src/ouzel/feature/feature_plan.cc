#include "ouzel/feature/feature_plan.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace ouzel {
namespace {

using F = FeatureFunction;

enum class Scope : std::uint8_t { window, past, row };

/// What a function is called, and what it may be asked of.
struct Nature {
  std::string_view word;
  Scope scope = Scope::window;
  bool number = true;
  bool text = false;
  bool event = false;  ///< Without a field.
};

constexpr std::array<Nature, kFeatureFunctions> kNatures = {{
    {.word = "count"},
    {.word = "sum"},
    {.word = "mean"},
    {.word = "std"},
    {.word = "min"},
    {.word = "max"},
    {.word = "range"},
    {.word = "last"},
    {.word = "delta"},
    {.word = "rate"},
    {.word = "slope"},
    {.word = "ewma"},
    {.word = "zscore"},
    {.word = "quantile"},
    {.word = "distinct", .text = true},
    {.word = "lag", .scope = Scope::past},
    {.word = "since", .scope = Scope::past, .text = true, .event = true},
    {.word = "hour", .scope = Scope::row, .number = false, .event = true},
    {.word = "weekday", .scope = Scope::row, .number = false, .event = true},
    {.word = "one_hot", .scope = Scope::row, .number = false, .text = true},
    {.word = "ordinal", .scope = Scope::row, .number = false, .text = true},
}};

const Nature& nature(F function) { return kNatures[static_cast<std::size_t>(function)]; }

tl::unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::config, "features: " + std::move(why));
}

std::string quoted(std::string_view name) { return std::string("\"").append(name).append("\""); }

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

/// One millionth is the finest step, so the same q is the same name and the same rank everywhere.
std::uint32_t millionths(double q) {
  return q == 0 ? 500'000 : static_cast<std::uint32_t>(std::lround(q * 1e6));
}

/// 900,000: "q90"; 999,000: "q99.9".
std::string quantile_text(std::uint32_t millionths) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, millionths / 1e4);
  return "q" + std::string(text, end);
}

/// A column that the stage may read.
struct Found {
  FeatureInput input = FeatureInput::number;
  std::size_t column = 0;
  const Field* field = nullptr;
};

Result<Found> find_field(const Schema& schema, const std::string& name) {
  std::size_t numbers = 0;
  std::size_t texts = 0;
  for (const Field& field : schema.fields) {
    const bool text = field.type == FieldType::string;
    std::size_t& column = text ? texts : numbers;
    if (field.name == name) {
      return Found{.input = text ? FeatureInput::text : FeatureInput::number,
                   .column = column,
                   .field = &field};
    }
    ++column;
  }
  return refuse("the schema has no field " + quoted(name));
}

void note_field(FeaturePlan& plan, const std::string& name) {
  if (std::find(plan.fields.begin(), plan.fields.end(), name) == plan.fields.end()) {
    plan.fields.push_back(name);
  }
}

Result<std::uint32_t> add_name(FeaturePlan& plan, std::string name) {
  if (std::find(plan.names.begin(), plan.names.end(), name) != plan.names.end()) {
    return refuse(quoted(name) + " is asked for twice");
  }
  plan.names.push_back(std::move(name));
  return static_cast<std::uint32_t>(plan.names.size() - 1);
}

Result<void> check_bounds(const FeatureSpec& spec) {
  const auto bound = [](std::string_view key, std::uint32_t got, std::uint32_t most) {
    std::string text(key);
    return refuse(text.append(": at most ")
                      .append(std::to_string(most))
                      .append(", got ")
                      .append(std::to_string(got)));
  };
  const auto takes = [&](F function) {
    return std::find(spec.take.begin(), spec.take.end(), function) != spec.take.end();
  };
  if (spec.last > kFeatureLastMax) return bound("last", spec.last, kFeatureLastMax);
  if (spec.last > kFeatureTrendLastMax && (takes(F::rate) || takes(F::slope))) {
    return bound("last of rate and slope", spec.last, kFeatureTrendLastMax);
  }
  if (spec.lag > kFeatureLagMax) return bound("lag", spec.lag, kFeatureLagMax);
  if (spec.over.count() < 0) {
    return refuse("over: a positive span is needed, got " + std::to_string(spec.over.count()) +
                  "ns");
  }
  if (spec.q != 0 && !(spec.q >= 1e-6 && spec.q <= 1 - 1e-6)) {
    return refuse("q: above 0 and below 1 expected, got " + std::to_string(spec.q));
  }
  return {};
}

/// `last` and `over` stand where a function looks at a window, and nowhere else.
Result<void> check_window(const FeatureSpec& spec) {
  const auto windowed = [](F function) { return nature(function).scope == Scope::window; };
  const bool needed = std::any_of(spec.take.begin(), spec.take.end(), windowed);
  const int given = (spec.last > 0 ? 1 : 0) + (spec.over.count() != 0 ? 1 : 0);
  if (needed && given != 1) return refuse("just one of `last` and `over` is needed");
  if (!needed && given != 0) {
    return refuse("no function taken here looks at a window: remove `last` or `over`");
  }
  return {};
}

/// `q`, `lag` and `zone` stand where a function looks at them, and nowhere else.
Result<void> check_settings(const FeatureSpec& spec) {
  const auto takes = [&](F function) {
    return std::find(spec.take.begin(), spec.take.end(), function) != spec.take.end();
  };
  if (spec.q != 0 && !takes(F::quantile)) {
    return refuse("`q` is of quantile: take it too, or remove `q`");
  }
  if (spec.lag != 0 && !takes(F::lag)) {
    return refuse("`lag` is of lag: take it too, or remove `lag`");
  }
  if (!spec.zone.empty() && !takes(F::hour) && !takes(F::weekday)) {
    return refuse("`zone` is of hour and weekday: take one of them too, or remove `zone`");
  }
  return {};
}

/// `x` may be asked for `function`.
Result<void> check_taken(F function, const std::string& name, const Found& found) {
  const Nature& of = nature(function);
  const std::string word = quoted(of.word);
  if (found.input == FeatureInput::text && !of.text) {
    return refuse("field " + quoted(name) + " is a string, not a number: no " + word + " of it");
  }
  if (found.input == FeatureInput::number && !of.number) {
    return refuse(of.event ? word + " is of the event's time: leave `of` out"
                           : "field " + quoted(name) +
                                 " is a number, not a string with an `enum`: "
                                 "no " +
                                 word + " of it");
  }
  if (found.input == FeatureInput::text && of.scope == Scope::row && found.field->allowed.empty()) {
    return refuse("field " + quoted(name) + " has no `enum`: no " + word + " of it");
  }
  if (found.input == FeatureInput::event && !of.event) {
    return refuse(word + " is of a field: `of` is missing");
  }
  return {};
}

FeatureWindow& window_for(FeaturePlan& plan, const Found& found, const FeatureSpec& spec,
                          Scope scope) {
  FeatureWindow wanted{.input = found.input, .field = found.column};
  if (scope == Scope::window) {
    wanted.last = spec.last;
    wanted.over = spec.over;
  }
  for (FeatureWindow& window : plan.windows) {
    if (window.input == wanted.input && window.field == wanted.field &&
        window.last == wanted.last && window.over == wanted.over) {
      return window;
    }
  }
  return plan.windows.emplace_back(std::move(wanted));
}

/// `a_mean_64`, `a_q90_5m`, `a_lag1`, `a_since`, `since`, `hour`
std::string column_name(F function, const std::string& field, const FeatureSpec& spec) {
  std::string name = field;
  if (!field.empty()) name += "_";
  if (function == F::quantile) {
    name += quantile_text(millionths(spec.q));
  } else {
    name += to_string(function);
  }
  if (function == F::lag) name += std::to_string(std::max(spec.lag, 1U));
  if (nature(function).scope != Scope::window) return name;
  return name + "_" + (spec.last > 0 ? std::to_string(spec.last) : span_text(spec.over));
}

/// A function of a window or of the key's past.
Result<void> add_kept(F function, const std::string& field, const Found& found,
                      const FeatureSpec& spec, FeaturePlan& plan) {
  OUZEL_TRY(const std::uint32_t column, add_name(plan, column_name(function, field, spec)));
  FeatureWindow& window = window_for(plan, found, spec, nature(function).scope);
  if (function == F::quantile) {
    window.quantiles.push_back({.millionths = millionths(spec.q), .column = column});
  } else if (function == F::lag) {
    window.lags.push_back({.back = std::max(spec.lag, 1U), .column = column});
  } else {
    window.columns.at[static_cast<std::size_t>(function)] = column;
  }
  return {};
}

Result<void> add_words(F function, const std::string& field, const Found& found,
                       FeaturePlan& plan) {
  WordColumns row{.field = found.column, .words = found.field->allowed};
  std::vector<std::string> names;
  if (function == F::ordinal) {
    names.push_back(field + "_ordinal");
  } else {
    for (const std::string& word : row.words) names.push_back(field + "_is_" + word);
  }
  row.columns.at[static_cast<std::size_t>(function)] =
      static_cast<std::uint32_t>(plan.names.size());
  for (std::string& name : names) OUZEL_TRY_VOID(add_name(plan, std::move(name)));
  plan.rows.emplace_back(std::move(row));
  return {};
}

Result<void> add_calendar(F function, const FeatureSpec& spec, FeaturePlan& plan) {
  CalendarColumns row{.rules = spec.rules};
  OUZEL_TRY(const std::uint32_t column, add_name(plan, std::string(to_string(function))));
  row.columns.at[static_cast<std::size_t>(function)] = column;
  plan.rows.emplace_back(std::move(row));
  return {};
}

Result<void> add_taken(const Schema& schema, const std::string& field, const FeatureSpec& spec,
                       FeaturePlan& plan) {
  Found found{.input = FeatureInput::event};
  if (!field.empty()) {
    OUZEL_TRY(found, find_field(schema, field));
    note_field(plan, field);
  }
  for (const F function : spec.take) {
    OUZEL_TRY_VOID(check_taken(function, field, found));
    if (nature(function).scope != Scope::row) {
      OUZEL_TRY_VOID(add_kept(function, field, found, spec, plan));
    } else if (found.input == FeatureInput::text) {
      OUZEL_TRY_VOID(add_words(function, field, found, plan));
    } else {
      OUZEL_TRY_VOID(add_calendar(function, spec, plan));
    }
  }
  return {};
}

/// A numeric field, or a feature that stands earlier.
Result<PairColumn::Operand> operand(const Schema& schema, const std::string& name,
                                    FeaturePlan& plan) {
  const auto feature = std::find(plan.names.begin(), plan.names.end(), name);
  if (feature != plan.names.end()) {
    return PairColumn::Operand{.in = PairColumn::Operand::In::features,
                               .column = static_cast<std::size_t>(feature - plan.names.begin())};
  }
  const auto found = find_field(schema, name);
  if (!found) {
    return refuse("neither the schema nor an earlier entry has " + quoted(name));
  }
  if (found->input != FeatureInput::number) {
    return refuse("field " + quoted(name) + " is a string, not a number");
  }
  note_field(plan, name);
  return PairColumn::Operand{.in = PairColumn::Operand::In::values, .column = found->column};
}

Result<void> add_pair(const Schema& schema, PairColumn::Function function,
                      const std::vector<std::string>& of, FeaturePlan& plan) {
  const std::string word = function == PairColumn::Function::ratio ? "ratio" : "difference";
  if (of.size() != 2) {
    return refuse(word + " is of two columns, got " + std::to_string(of.size()));
  }
  PairColumn pair{.function = function};
  OUZEL_TRY(pair.first, operand(schema, of[0], plan));
  OUZEL_TRY(pair.second, operand(schema, of[1], plan));
  OUZEL_TRY(pair.column, add_name(plan, word + "_" + of[0] + "_" + of[1]));
  plan.rows.emplace_back(pair);
  return {};
}

}  // namespace

std::string_view to_string(FeatureFunction function) { return nature(function).word; }
bool takes_number(FeatureFunction function) { return nature(function).number; }
bool takes_text(FeatureFunction function) { return nature(function).text; }

Result<void> add_features(const Schema& schema, const FeatureSpec& spec, FeaturePlan& plan) {
  const int forms = (spec.take.empty() ? 0 : 1) + (spec.ratio.empty() ? 0 : 1) +
                    (spec.difference.empty() ? 0 : 1);
  if (forms != 1) return refuse("just one of `take`, `ratio` and `difference` is needed");
  OUZEL_TRY_VOID(check_bounds(spec));
  OUZEL_TRY_VOID(check_window(spec));
  OUZEL_TRY_VOID(check_settings(spec));
  if (spec.take.empty() && !spec.of.empty()) {
    return refuse("`of` and `take` stand together");
  }
  if (!spec.ratio.empty()) {
    return add_pair(schema, PairColumn::Function::ratio, spec.ratio, plan);
  }
  if (!spec.difference.empty()) {
    return add_pair(schema, PairColumn::Function::difference, spec.difference, plan);
  }
  if (spec.of.empty()) return add_taken(schema, "", spec, plan);
  for (const std::string& field : spec.of) {
    if (field.empty()) return refuse("the schema has no field \"\"");
    OUZEL_TRY_VOID(add_taken(schema, field, spec, plan));
  }
  return {};
}

Result<FeaturePlan> plan_features(const Schema& schema, const std::vector<FeatureSpec>& specs) {
  FeaturePlan plan;
  for (const FeatureSpec& spec : specs) OUZEL_TRY_VOID(add_features(schema, spec, plan));
  return plan;
}

Result<std::vector<std::string>> feature_names(const Schema& schema,
                                               const std::vector<FeatureSpec>& specs) {
  OUZEL_TRY(FeaturePlan plan, plan_features(schema, specs));
  return std::move(plan.names);
}

}  // namespace ouzel
