/// Functions by hand, with a sample's accuracy and the functions of the row; windows at length:
/// feature_stage_test.cc.
#include <gtest/gtest.h>

#include <cmath>

#include "ouzel/base/random.h"
#include "ouzel/feature/feature_stage.h"
#include "ouzel/stage/stage_conformance.h"

namespace ouzel {
namespace {

using namespace std::chrono_literals;
using F = FeatureFunction;
using std::chrono::nanoseconds;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Event {
  nanoseconds time{0};
  double a = kNan;
  double b = kNan;
  std::string mode = {};
};

Schema schema() {
  Schema out;
  out.fields.resize(3);
  out.fields[0].name = "a";
  out.fields[1].name = "mode";
  out.fields[1].type = FieldType::string;
  out.fields[1].allowed = {"run", "idle", "clean"};
  out.fields[2].name = "b";
  return out;
}

/// The features of each event of one key, a row each.
std::vector<std::vector<double>> features_of(const std::vector<FeatureSpec>& specs,
                                             const std::vector<Event>& events) {
  const auto stage = FeatureStage::make(schema(), specs);
  EXPECT_TRUE(stage.has_value()) << (stage ? "" : stage.error().message);
  Batch batch;
  batch.values.reset(events.size(), 2);
  batch.strings.resize(1);
  std::vector<std::uint64_t> state((*stage)->state_need().key_bytes / 8);
  const std::vector<std::byte*> rows(events.size(), reinterpret_cast<std::byte*>(state.data()));
  for (std::size_t i = 0; i < events.size(); ++i) {
    batch.fate.push_back(Fate::live);
    batch.time.push_back(EventTime(events[i].time));
    batch.identity.push_back(event_identity("/test", std::to_string(i)));
    batch.values.row(i)[0] = events[i].a;
    batch.values.row(i)[1] = events[i].b;
    batch.strings[0].append(events[i].mode);
  }
  (*stage)->run(batch, StateView(rows.data(), 0, nullptr));
  std::vector<std::vector<double>> out;
  for (std::size_t i = 0; i < events.size(); ++i) {
    out.emplace_back(batch.features.row(i), batch.features.row(i) + batch.features.width());
  }
  return out;
}

/// The one feature of each event.
std::vector<double> feature_of(const FeatureSpec& spec, const std::vector<Event>& events) {
  std::vector<double> out;
  for (const auto& row : features_of({spec}, events)) out.push_back(row.front());
  return out;
}

void expect_numbers(const std::vector<double>& got, const std::vector<double>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(got[i])) << i << ": " << got[i];
    } else {
      EXPECT_DOUBLE_EQ(got[i], expected[i]) << i;
    }
  }
}

const std::vector<Event> kLine = {{10s, 1}, {20s, 3}, {30s, kNan}, {15s, 5, kNan, "late"},
                                  {40s, 8}, {40s, 2}};

TEST(FeatureFunctions, RangeRateAndSlope) {
  const auto last3 = [](F function) {
    return feature_of({.of = {"a"}, .take = {function}, .last = 3}, kLine);
  };
  expect_numbers(last3(F::range), {0, 2, 2, 4, 5, 6});
  // From the oldest to the newest in event time, whatever the order of acceptance.
  expect_numbers(last3(F::rate), {kNan, 0.2, 0.2, 0.2, 3.0 / 25, -3.0 / 25});
  expect_numbers(last3(F::slope), {kNan, 0.2, 0.2, 0.2, 55.0 / 350, 0});
  const auto span = [](F function) {
    return feature_of({.of = {"a"}, .take = {function}, .over = 160s}, kLine);
  };
  expect_numbers(span(F::rate), {kNan, 0.2, 0.2, 0.2, 7.0 / 30, 1.0 / 30});
}

/// Searched windows and wedges, at the boundary between them.
TEST(FeatureFunctions, ExtremesOfLongWindows) {
  Random random(2);
  std::vector<Event> events;
  for (int i = 0; i < 3000; ++i) {
    const double drift = i < 1000 ? i : (i < 2000 ? 2000 - i : 0);  // Rises, falls, stays.
    events.push_back({.time = i * 1s, .a = drift + static_cast<double>(random.below(30))});
  }
  for (const std::uint32_t last : {127U, 128U, 129U, 400U}) {
    const auto rows = features_of({{.of = {"a"}, .take = {F::min, F::max}, .last = last}}, events);
    for (std::size_t i = 0; i < events.size(); ++i) {
      const std::size_t first = i + 1 > last ? i + 1 - last : 0;
      double least = events[i].a;
      double most = events[i].a;
      for (std::size_t at = first; at < i; ++at) {
        least = std::min(least, events[at].a);
        most = std::max(most, events[at].a);
      }
      ASSERT_EQ(rows[i], (std::vector<double>{least, most})) << last << " at " << i;
    }
  }
}

TEST(FeatureFunctions, QuantileIsAValueThatOccurred) {
  std::vector<Event> events;
  for (int i = 1; i <= 20; ++i) events.push_back({.time = i * 1s, .a = i * 1.0});
  const auto q = [&](double share, std::uint32_t last) {
    return feature_of({.of = {"a"}, .take = {F::quantile}, .last = last, .q = share}, events);
  };
  EXPECT_EQ(q(0.9, 10).back(), 19);
  EXPECT_EQ(q(0.5, 10).back(), 15);
  EXPECT_EQ(q(0.05, 20).back(), 1);
  EXPECT_EQ(q(0.051, 20).back(), 2);
  EXPECT_EQ(q(0.9999, 20).back(), 20);
  EXPECT_EQ(feature_of({.of = {"a"}, .take = {F::quantile}, .over = 20s, .q = 0.9}, events).back(),
            18);
}

/// 100,000 values in full panes: the rank of what the sample says, measured against all of them.
TEST(FeatureFunctions, ASampleIsAsGoodAsItSays) {
  for (const double q : {0.1, 0.5, 0.9, 0.99}) {
    Random random(5);
    std::vector<Event> events;
    for (int i = 0; i < 100'000; ++i) events.push_back({.time = i * 10ms, .a = random.uniform()});
    const auto got = feature_of({.of = {"a"}, .take = {F::quantile}, .over = 16s, .q = q}, events);
    double squares = 0;
    int count = 0;
    for (std::size_t i = 1700; i < got.size(); i += 1700, ++count) {  // Other panes each time.
      squares += (got[i] - q) * (got[i] - q);  // Of uniform numbers the value is the rank.
    }
    const double error = std::sqrt(squares / count);
    const double stated = std::sqrt(q * (1 - q) / 136);
    EXPECT_LT(error, 1.4 * stated) << q;
    EXPECT_GT(error, 0.3 * stated) << q;
  }
}

TEST(FeatureFunctions, DistinctOfTextsAndNumbers) {
  std::vector<Event> events;
  for (const char* mode : {"run", "idle", "run", "", "clean", "clean", "clean", "clean"}) {
    events.push_back({.time = std::chrono::seconds(events.size()), .mode = mode});
  }
  expect_numbers(feature_of({.of = {"mode"}, .take = {F::distinct}, .last = 3}, events),
                 {1, 2, 2, 2, 3, 2, 1, 1});
  expect_numbers(feature_of({.of = {"mode"}, .take = {F::distinct}, .over = 2s}, events),
                 {1, 2, 2, 2, 2, 1, 1, 1});
  expect_numbers(feature_of({.of = {"a"}, .take = {F::distinct}, .last = 9},
                            {{0s, 0.0}, {1s, -0.0}, {2s, 1}, {3s, 1 + 1e-12}, {4s, 1e300}}),
                 {1, 1, 2, 2, 3});
}

TEST(FeatureFunctions, DistinctOverASpanStopsAt64AndComesBack) {
  std::vector<Event> events;
  for (int i = 0; i < 500; ++i) events.push_back({.time = i * 1ms, .a = i % 100 * 1.0});
  for (int i = 0; i < 100; ++i) events.push_back({.time = 1s + i * 1s, .a = i % 3 * 1.0});
  const auto got = feature_of({.of = {"a"}, .take = {F::distinct}, .over = 16s}, events);
  EXPECT_EQ(got[10], 11);
  EXPECT_EQ(got[499], 64);
  EXPECT_EQ(got.back(), 3);
}

TEST(FeatureFunctions, LagAndSince) {
  expect_numbers(feature_of({.of = {"a"}, .take = {F::lag}}, kLine), {kNan, 1, 3, 3, 5, 8});
  expect_numbers(feature_of({.of = {"a"}, .take = {F::lag}, .lag = 3}, kLine),
                 {kNan, kNan, kNan, kNan, 1, 3});
  expect_numbers(feature_of({.take = {F::since}}, kLine), {kNan, 10, 10, -15, 10, 0});
  expect_numbers(feature_of({.of = {"a"}, .take = {F::since}}, kLine), {kNan, 10, 10, -5, 20, 0});
  expect_numbers(feature_of({.of = {"mode"}, .take = {F::since}}, kLine),
                 {kNan, kNan, kNan, kNan, 25, 25});
}

TEST(FeatureFunctions, OfTheRowAlone) {
  const std::vector<FeatureSpec> specs = {{.of = {"a"}, .take = {F::mean}, .last = 2},
                                          {.of = {"mode"}, .take = {F::ordinal, F::one_hot}},
                                          {.take = {F::hour, F::weekday}},
                                          {.ratio = {"a", "b"}},
                                          {.difference = {"a", "a_mean_2"}}};
  const auto rows = features_of(specs, {{0s, 6, 4, "clean"},
                                        {-1s, 1e300, -1e-300, "run"},
                                        {90'000s, 3, 0, "other"},
                                        {nanoseconds::max(), kNan, 2, ""}});
  expect_numbers(rows[0], {6, 2, 0, 0, 1, 0, 3, 1.5, 0});
  const double most = std::numeric_limits<float>::max();
  expect_numbers(rows[1], {most / 2 + 3, 0, 1, 0, 0, 23, 2, -most, most / 2 - 3});
  expect_numbers(rows[2], {most / 2 + 1.5, kNan, 0, 0, 0, 1, 4, kNan, 3 - (most / 2 + 1.5)});
  EXPECT_EQ(rows[3][5], 23);  // 2262-04-11T23:47:16Z, a Friday.
  EXPECT_EQ(rows[3][6], 4);
  EXPECT_TRUE(std::isnan(rows[3][7]) && std::isnan(rows[3][8]));
}

TEST(FeatureFunctions, Conform) {
  const std::vector<FeatureSpec> specs = {
      {.of = {"a", "mode"}, .take = {F::distinct}, .last = 5},
      {.of = {"a", "mode"}, .take = {F::distinct, F::since}, .over = 90s},
      {.of = {"b"},
       .take = {F::quantile, F::slope, F::rate, F::lag},
       .last = 7,
       .q = 0.9,
       .lag = 3},
      {.of = {"b"}, .take = {F::quantile, F::slope, F::rate, F::range}, .over = 90s},
      {.take = {F::hour, F::weekday, F::since}},
      {.of = {"mode"}, .take = {F::one_hot, F::ordinal}},
      {.difference = {"a", "hour"}},
      {.ratio = {"b", "b_slope_7"}}};
  const auto make = [&] { return FeatureStage::make(schema(), specs).value(); };
  conformance::expect_conforms({.make = make, .value_columns = 2, .string_columns = 1});
}

}  // namespace
}  // namespace ouzel
