#include "ouzel/feature/feature_plan.h"

#include <gtest/gtest.h>

#include "ouzel/feature/feature_stage.h"

namespace ouzel {
namespace {

using namespace std::chrono_literals;
using F = FeatureFunction;

Schema press() {
  Schema schema;
  schema.fields.resize(5);
  schema.fields[0].name = "temperature";
  schema.fields[1].name = "mode";
  schema.fields[1].type = FieldType::string;
  schema.fields[1].allowed = {"idle", "run"};
  schema.fields[2].name = "vibration";
  schema.fields[3].name = "open";
  schema.fields[3].type = FieldType::boolean;
  schema.fields[4].name = "text";
  schema.fields[4].type = FieldType::string;
  return schema;
}

TEST(FeaturePlan, NamesStandSpecByFieldByFunction) {
  const auto names = feature_names(
      press(), {{.of = {"vibration", "temperature"}, .take = {F::std, F::mean}, .last = 64},
                {.of = {"vibration"}, .take = {F::max}, .over = 5min}});
  ASSERT_TRUE(names.has_value()) << names.error().message;
  EXPECT_EQ(*names,
            (std::vector<std::string>{"vibration_std_64", "vibration_mean_64", "temperature_std_64",
                                      "temperature_mean_64", "vibration_max_5m"}));
}

TEST(FeaturePlan, NamesSayWhatWasAsked) {
  const auto names = feature_names(
      press(), {{.of = {"open"}, .take = {F::quantile, F::lag, F::since}, .last = 9, .q = 0.9},
                {.of = {"open"}, .take = {F::quantile}, .over = 5min, .q = 0.999},
                {.of = {"open"}, .take = {F::lag}, .lag = 12},
                {.of = {"mode"}, .take = {F::distinct, F::one_hot, F::ordinal}, .over = 1h},
                {.take = {F::hour, F::since, F::weekday}},
                {.ratio = {"open", "vibration"}},
                {.difference = {"ratio_open_vibration", "open_lag12"}}});
  ASSERT_TRUE(names.has_value()) << names.error().message;
  EXPECT_EQ(*names,
            (std::vector<std::string>{
                "open_q90_9", "open_lag1", "open_since", "open_q99.9_5m", "open_lag12",
                "mode_distinct_1h", "mode_is_idle", "mode_is_run", "mode_ordinal", "hour", "since",
                "weekday", "ratio_open_vibration", "difference_ratio_open_vibration_open_lag12"}));
}

TEST(FeaturePlan, SpansStandInTheirLargestExactUnit) {
  const std::vector<std::pair<std::chrono::nanoseconds, std::string>> spans = {
      {1ns, "1ns"},   {1500ns, "1500ns"}, {2us, "2us"}, {250ms, "250ms"}, {90s, "90s"}, {60s, "1m"},
      {90min, "90m"}, {2h, "2h"},         {24h, "1d"},  {36h, "36h"},     {168h, "7d"}};
  for (const auto& [span, text] : spans) {
    const auto names = feature_names(press(), {{.of = {"open"}, .take = {F::count}, .over = span}});
    ASSERT_TRUE(names.has_value());
    EXPECT_EQ(names->front(), "open_count_" + text);
  }
}

TEST(FeaturePlan, SameFieldAndWindowShareOneState) {
  const auto bytes = [](const std::vector<FeatureSpec>& specs) {
    return feature_state_bytes(press(), specs).value();
  };
  const FeatureSpec mean{.of = {"open"}, .take = {F::mean}, .last = 64};
  const FeatureSpec std{.of = {"open"}, .take = {F::std}, .last = 64};
  EXPECT_EQ(bytes({mean}), 8U + 32 + 4 * 64);
  EXPECT_EQ(bytes({mean, std}), bytes({mean}));
  EXPECT_EQ(bytes({{.of = {"open"}, .take = {F::max}, .last = 64}}), 8U + 4 * 64 + 8);
  EXPECT_EQ(bytes({{.of = {"open"}, .take = {F::max, F::min}, .last = 129}}),
            8U + 4 * 130 + 2 * (8 + 2 * 132));
  EXPECT_EQ(bytes({{.of = {"open"}, .take = {F::count}, .last = 64}}), 8U);
  EXPECT_EQ(bytes({{.of = {"open"}, .take = {F::max}, .over = 5min}}), 16U + 72 + 72);
  EXPECT_EQ(bytes({{.of = {"open"}, .take = {F::std}, .over = 5min}}), 16U + 72 + 288);
  EXPECT_EQ(bytes({{.of = {"open"}, .take = {F::last, F::delta, F::ewma}, .last = 5}}), 32U);
  EXPECT_EQ(bytes({{.of = {"open"}, .take = {F::quantile, F::distinct}, .last = 64, .q = 0.9},
                   {.of = {"open"}, .take = {F::quantile}, .last = 64}}),
            16U + 8 * 64);
  EXPECT_EQ(bytes({{.of = {"open"}, .take = {F::quantile}, .over = 5min}}), 768U);
  EXPECT_EQ(bytes({{.of = {"mode"}, .take = {F::distinct}, .over = 5min}}), 536U);
  EXPECT_EQ(bytes({{.of = {"open"}, .take = {F::rate, F::slope}, .last = 64}}), 8U + 12 * 64);
  EXPECT_EQ(bytes({{.of = {"open"}, .take = {F::rate, F::slope}, .over = 5min}}), 40U + 17 * 48);
  EXPECT_EQ(bytes({{.of = {"open"}, .take = {F::lag}, .lag = 3},
                   {.of = {"open"}, .take = {F::lag}, .lag = 7}}),
            8U + 8 * 7);
  EXPECT_EQ(bytes({{.take = {F::since, F::hour}}, {.of = {"mode"}, .take = {F::one_hot}}}), 16U);
  EXPECT_EQ(bytes({}), 0U);
}

TEST(FeaturePlan, RefusesWhatItCannotGive) {
  const std::vector<std::pair<FeatureSpec, std::string>> cases = {
      {{.of = {"pressure"}, .take = {F::mean}, .last = 3}, "no field \"pressure\""},
      {{.of = {"mode"}, .take = {F::mean}, .last = 3}, "is a string"},
      {{.of = {}, .take = {F::mean}, .last = 3}, "`of` is missing"},
      {{.of = {"open"}, .take = {}, .last = 3}, "just one of `take`, `ratio`"},
      {{.of = {"open"}, .take = {F::lag}, .lag = 1025}, "at most 1024"},
      {{.of = {"open"}, .take = {F::slope}, .last = 1025}, "at most 1024"},
      {{.of = {"open"}, .take = {F::lag}, .last = 3}, "no function taken here"},
      {{.of = {"open"}, .take = {F::quantile}, .last = 3, .q = 1}, "below 1"},
      {{.of = {"open"}, .take = {F::hour}}, "leave `of` out"},
      {{.of = {"open"}, .take = {F::one_hot}}, "is a number"},
      {{.of = {"mode"}, .take = {F::lag}}, "is a string"},
      {{.of = {"text"}, .take = {F::ordinal}}, "no `enum`"},
      {{.take = {F::hour}, .over = 5s}, "no function taken here"},
      {{.ratio = {"open"}}, "two columns"},
      {{.ratio = {"open", "mode"}}, "is a string"},
      {{.ratio = {"open", "closed"}}, "neither the schema nor"},
      {{.of = {"open"}, .take = {F::lag}, .ratio = {"open", "open"}},
       "just one of `take`, `ratio`"},
      {{.of = {"open"}, .take = {F::mean}}, "just one"},
      {{.of = {"open"}, .take = {F::mean}, .last = 3, .over = 1s}, "just one"},
      {{.of = {"open"}, .take = {F::mean}, .last = 65'536}, "at most 65535"},
      {{.of = {"open"}, .take = {F::mean}, .over = -1s}, "positive"},
      {{.of = {"open", "open"}, .take = {F::mean}, .last = 3}, "twice"}};
  for (const auto& [spec, words] : cases) {
    const auto plan = plan_features(press(), {spec});
    ASSERT_FALSE(plan.has_value()) << words;
    EXPECT_EQ(plan.error().code, ErrorCode::config);
    EXPECT_NE(plan.error().message.find(words), std::string::npos) << plan.error().message;
  }
  const FeatureSpec minute{.of = {"open"}, .take = {F::mean}, .over = 60s};
  EXPECT_FALSE(plan_features(press(), {minute, minute}).has_value());
}

TEST(FeaturePlan, TellsWhatTheStageReadsAndAdds) {
  const auto stage =
      FeatureStage::make(press(), {{.of = {"vibration", "open"}, .take = {F::mean}, .last = 3}});
  EXPECT_EQ((*stage)->wiring().reads, (std::vector<std::string>{"time", "vibration", "open"}));
  EXPECT_EQ((*stage)->wiring().adds, (std::vector<std::string>{"vibration_mean_3", "open_mean_3"}));
}

}  // namespace
}  // namespace ouzel
