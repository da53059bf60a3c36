/// The features against a slow sequential reference that keeps every event of every key and works
/// each window out anew, in plain two-pass arithmetic; it shares no code with the stage.
///
/// Tolerances. count, min, max, range, last, delta, quantile, distinct: none (the reference rounds
/// to float where a header says so). mean: 1e-11 of the largest |value| in the window, sum: n times
/// that. std: 1e-7 relative (ring_part.h promises N * 2^-37, below 5e-10 for N = 64; squared
/// differences in a pane of n values are good to n * 2^-53) and 1e-12 of the largest |value|, which
/// is what is left of a constant window in a pane. zscore: those of mean and std, carried through
/// the quotient. ewma: 1e-11 of the average of |x|, 2^-53 a step over the 1 / alpha steps that
/// matter. slope: what the rounding of values and of times within the window makes of it.
#include "ouzel/feature/feature_stage.h"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>

#include "ouzel/base/random.h"
#include "ouzel/feature/ewma_part.h"
#include "ouzel/stage/stage_conformance.h"

namespace ouzel {
namespace {

using namespace std::chrono_literals;
using F = FeatureFunction;
using std::chrono::nanoseconds;

const std::vector<F> kAll = {F::count, F::sum,  F::mean,  F::std,      F::min,
                             F::max,   F::last, F::delta, F::ewma,     F::zscore,
                             F::range, F::rate, F::slope, F::quantile, F::distinct};
constexpr std::size_t kFunctions = 15;
constexpr std::size_t kFields = 2;
constexpr nanoseconds kSpan = 5min;
constexpr nanoseconds kShortSpan = 1001ns;  // Not a multiple of 16.
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kAny = std::numeric_limits<double>::infinity();  ///< Nothing is expected.

Schema two_fields() {
  Schema schema;
  schema.fields.resize(kFields);
  schema.fields[0].name = "a";
  schema.fields[1].name = "b";
  return schema;
}

const std::vector<FeatureSpec> kSpecs = {{.of = {"a", "b"}, .take = kAll, .last = 64},
                                         {.of = {"a", "b"}, .take = kAll, .last = 5},
                                         {.of = {"a", "b"}, .take = kAll, .over = kSpan},
                                         {.of = {"a"}, .take = kAll, .last = 1},
                                         {.of = {"b"}, .take = kAll, .over = kShortSpan}};

struct Event {
  std::uint32_t key = 0;
  std::int64_t time = 0;
  double values[kFields] = {};
};

/// Late, duplicate in time, silent for long, with missing, extreme and constant values, jumps of
/// level, and a large offset under a small noise.
class Devices {
 public:
  explicit Devices(std::uint64_t seed) : random_(seed), level_(kKeys, 0), clock_(kKeys) {
    for (std::size_t key = 0; key < kKeys; ++key) {
      level_[key] = key % 3 == 0 ? 1e9 : (key % 3 == 1 ? 20.0 : 0.0);
      clock_[key] = static_cast<std::int64_t>(random_.below(1'000'000)) * 1'000'000'000;
    }
  }
  Event next() {
    Event event;
    event.key =
        static_cast<std::uint32_t>(random_.chance(0.2) ? random_.below(20) : random_.below(kKeys));
    std::int64_t& clock = clock_[event.key];
    if (random_.chance(0.002)) clock += 3'600'000'000'000;
    if (!random_.chance(0.1)) clock += static_cast<std::int64_t>(random_.below(20'000'000'000));
    if (random_.chance(0.1)) clock += static_cast<std::int64_t>(random_.below(200));
    event.time = clock;
    event.time -= static_cast<std::int64_t>(random_.chance(0.1)
                                                ? random_.below(500'000'000'000)
                                                : (random_.chance(0.1) ? random_.below(1500) : 0));
    double& level = level_[event.key];
    if (random_.chance(0.001)) level = 1000 * random_.normal();
    for (double& value : event.values) value = draw(level, event.key);
    return event;
  }

 private:
  static constexpr std::size_t kKeys = 3000;
  double draw(double level, std::uint32_t key) {
    if (random_.chance(0.05)) return kNan;
    if (random_.chance(0.001)) return (random_.chance(0.5) ? 1 : -1) * 1e300;
    if (random_.chance(0.001)) return 1e12 * random_.normal();
    return key % 7 == 0 ? level : level + random_.normal();
  }
  Random random_;
  std::vector<double> level_;
  std::vector<std::int64_t> clock_;
};

/// What the reference says of one field and window, and how exact that is.
struct Expected {
  double value[kFunctions];
  double tolerance[kFunctions];
};

struct Window {
  std::size_t field;
  std::size_t last;  ///< 0: span.
  std::int64_t span;
};

double float_of(double value) { return static_cast<double>(static_cast<float>(value)); }

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

struct Statistics {
  double count = 0, sum = 0, mean = kNan, std = kNan, min = kNan, max = kNan, largest = 0;
  explicit Statistics(const std::vector<double>& values)
      : count(static_cast<double>(values.size())) {
    if (values.empty()) return;
    min = max = values.front();
    for (const double value : values) {
      sum += value;
      min = std::min(min, value);
      max = std::max(max, value);
      largest = std::max(largest, std::fabs(value));
    }
    mean = sum / count;
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    if (count > 1) std = std::sqrt(squares / (count - 1));
  }
};

struct Ranks {
  double median = kNan, distinct = 0;
  explicit Ranks(std::vector<double> values) {
    if (values.empty()) return;
    std::sort(values.begin(), values.end());
    median = float_of(values[(values.size() - 1) / 2]);
    for (std::size_t i = 0; i < values.size(); ++i) {
      distinct += i == 0 || float_of(values[i]) != float_of(values[i - 1]) ? 1 : 0;
    }
  }
};

/// What rate and slope look at; times in seconds since the first.
struct Trend {
  double rate = kNan, slope = kNan, slope_error = 0;
  Trend(const std::vector<double>& values, const std::vector<std::int64_t>& times) {
    if (values.empty()) return;
    std::size_t oldest = 0, newest = 0;  // The newest accepted stands first.
    for (std::size_t i = 1; i < values.size(); ++i) {
      if (times[i] <= times[oldest]) oldest = i;
      if (times[i] > times[newest]) newest = i;
    }
    if (times[oldest] == times[newest]) return;
    const auto seconds = [&](std::size_t i) {
      return static_cast<double>(times[i] - times[oldest]) * 1e-9;
    };
    rate = (float_of(values[newest]) - float_of(values[oldest])) / seconds(newest);
    const auto n = static_cast<double>(values.size());
    double time_mean = 0, value_mean = 0, squares = 0, products = 0, largest = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      time_mean += seconds(i) / n;
      value_mean += float_of(values[i]) / n;
      largest = std::max(largest, std::fabs(values[i]));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      squares += (seconds(i) - time_mean) * (seconds(i) - time_mean);
      products += (seconds(i) - time_mean) * (float_of(values[i]) - value_mean);
    }
    slope = products / squares;
    const double span = seconds(newest) + 20;  // A pane's width more.
    slope_error = (1e-12 * largest + std::fabs(slope) * 1e-13 * span) * std::sqrt(n / squares) +
                  1e-9 * std::fabs(slope);
  }
};

/// The whole past of a key.
class History {
 public:
  Expected expect(const Window& window, std::size_t ewma_place) {
    const double x = events_.back().values[window.field];
    const bool ring = window.last > 0;
    const Statistics before(values_of(window, false));
    const std::vector<double> values = values_of(window, true);
    const Statistics now(values);
    const Trend trend(values, times_);
    const Ranks ranks(values);
    const double last_before = latest(window, false);
    const double last = latest(window, true);
    const bool some = now.count > 0;
    const double grain = ring ? 0x1p-23 : 0x1p-40;
    const double mine = ring ? float_of(x) : x;
    const double spread =
        std::max(before.std, grain * std::max(std::fabs(mine), std::fabs(before.mean)));
    const double z = before.count < 2 || std::isnan(x) ? kNan
                     : mine == before.mean             ? 0
                                                       : (mine - before.mean) / spread;
    const double mean_error = 1e-11 * now.largest;
    const double largest_before = std::max(before.largest, std::fabs(mine));
    const auto [ewma, ewma_scale] = average(window, ewma_place);
    return {
        {now.count, some ? now.sum : kNan, now.mean, now.std, float_of(now.min), float_of(now.max),
         last, x - last_before, ewma, z, float_of(now.max) - float_of(now.min), trend.rate,
         trend.slope, !ring && crowded(window) ? kAny : ranks.median, ranks.distinct},
        {0, now.count * mean_error, mean_error, 1e-7 * now.std + 1e-12 * now.largest, 0, 0, 0, 0,
         1e-11 * ewma_scale,
         (1e-11 * largest_before + std::fabs(z) * (1e-7 * spread + 1e-12 * largest_before)) /
             spread,
         0, 1e-12 * std::fabs(trend.rate), trend.slope_error, 0, 0}};
  }

  void add(const Event& event) {
    events_.push_back(event);
    newest_.push_back(newest_.empty() ? event.time : std::max(newest_.back(), event.time));
  }

 private:
  /// `with`: also of the event added last; without it, seen from its time all the same.
  std::vector<double> values_of(const Window& window, bool with) {
    std::vector<double> out;
    times_.clear();
    const std::int64_t width = (window.span + 15) / 16;
    const std::int64_t newest = window.last > 0 ? 0 : floor_div(newest_.back(), width);
    for (std::size_t i = events_.size() - (with ? 0 : 1); i-- > 0;) {
      const double value = events_[i].values[window.field];
      if (window.last > 0) {
        if (out.size() == window.last) break;
        if (std::isnan(value)) continue;
        out.push_back(float_of(value));
        times_.push_back(events_[i].time);
      } else {
        if (floor_div(newest_[i], width) < newest - 16) break;  // So are all before it.
        if (!std::isnan(value) && floor_div(events_[i].time, width) >= newest - 16) {
          out.push_back(value);
          times_.push_back(events_[i].time);
        }
      }
    }
    return out;
  }

  /// A pane has more values than its sample keeps (of those that `values_of` looked at last).
  bool crowded(const Window& window) const {
    const std::int64_t width = (window.span + 15) / 16;
    const std::int64_t oldest = floor_div(newest_.back(), width) - 16;
    std::array<int, 17> counts{};
    bool out = false;
    for (const std::int64_t time : times_) {
      out |= ++counts[static_cast<std::size_t>(floor_div(time, width) - oldest)] > 8;
    }
    return out;
  }

  double latest(const Window& window, bool with) const {
    double found = kNan;
    std::int64_t found_time = 0;
    for (std::size_t i = events_.size() - (with ? 0 : 1); i-- > 0;) {
      const Event& event = events_[i];
      const double value = event.values[window.field];
      if (window.last > 0 && !std::isnan(value)) return value;
      if (window.span > 0 && newest_[i] <= newest_.back() - window.span) break;
      if (std::isnan(value) || event.time <= newest_.back() - window.span) continue;
      if (std::isnan(found) || event.time > found_time) {
        found = value;
        found_time = event.time;
      }
    }
    return found;
  }

  struct Ewma {
    double value = kNan, scale = kNan;
    std::int64_t time = 0;
  };
  std::pair<double, double> average(const Window& window, std::size_t place) {
    averages_.resize(std::max(averages_.size(), place + 1));
    Ewma& of = averages_[place];
    const Event& event = events_.back();
    const double x = event.values[window.field];
    if (std::isnan(x)) return {of.value, of.scale};
    double alpha = 2.0 / (static_cast<double>(window.last) + 1);
    double rest = 1 - alpha;
    if (window.span > 0) {
      const auto elapsed = static_cast<double>(std::max<std::int64_t>(0, event.time - of.time));
      alpha = -std::expm1(-elapsed / static_cast<double>(window.span));
      rest = std::exp(-elapsed / static_cast<double>(window.span));
    }
    const bool first = std::isnan(of.value);
    of.value = first ? x : alpha * x + rest * of.value;
    of.scale = first ? std::fabs(x) : alpha * std::fabs(x) + rest * of.scale;
    of.time = first ? event.time : std::max(of.time, event.time);
    return {of.value, of.scale};
  }

  std::vector<Event> events_;
  std::vector<std::int64_t> times_;   ///< Of the values that `values_of` gave last.
  std::vector<std::int64_t> newest_;  ///< Of all events up to this one.
  std::vector<Ewma> averages_;
};

/// A stage with the state of its keys.
class Engine {
 public:
  explicit Engine(const std::vector<FeatureSpec>& specs)
      : stage_(FeatureStage::make(two_fields(), specs).value()) {}

  Batch run(std::span<const Event> events) {
    Batch batch;
    batch.values.reset(events.size(), kFields);
    std::vector<std::byte*> rows;
    for (std::size_t i = 0; i < events.size(); ++i) {
      const Event& event = events[i];
      batch.fate.push_back(Fate::live);
      batch.time.push_back(EventTime(nanoseconds(event.time)));
      batch.identity.push_back(
          event_identity(std::to_string(event.key), std::to_string(event.time)));
      std::copy_n(event.values, kFields, batch.values.row(i));
      if (event.key >= keys_.size()) keys_.resize(event.key + 1);
      auto& state = keys_[event.key];
      if (state.empty()) state.resize(stage_->state_need().key_bytes / 8);
      rows.push_back(reinterpret_cast<std::byte*>(state.data()));
    }
    stage_->run(batch, StateView(rows.data(), 0, nullptr));
    return batch;
  }

 private:
  std::unique_ptr<FeatureStage> stage_;
  std::deque<std::vector<std::uint64_t>> keys_;
};

std::vector<Window> windows_of(const std::vector<FeatureSpec>& specs) {
  std::vector<Window> out;
  for (const FeatureSpec& spec : specs) {
    for (const std::string& field : spec.of) {
      const std::size_t column = field == "a" ? 0 : 1;
      out.push_back({.field = column, .last = spec.last, .span = spec.over.count()});
    }
  }
  return out;
}

bool close(double got, const Expected& expected, std::size_t function) {
  const double wanted = expected.value[function];
  if (wanted == kAny) return true;
  if (std::isnan(wanted) || std::isnan(got)) return std::isnan(wanted) && std::isnan(got);
  if (got == wanted) return true;
  return std::isfinite(got) && std::fabs(got - wanted) <= expected.tolerance[function];
}

/// The reference sees what the stage sees: values beyond a float's range count as its ends.
Event within_floats(Event event) {
  for (double& value : event.values) {
    value = std::clamp(value, -static_cast<double>(FLT_MAX), static_cast<double>(FLT_MAX));
  }
  return event;
}

TEST(FeatureStage, EqualsASlowReferenceOverAMillionEvents) {
  constexpr std::size_t kEvents = 1'000'000;
  Devices devices(42);
  Engine whole(kSpecs), single(kSpecs);
  const std::vector<Window> windows = windows_of(kSpecs);
  std::vector<History> histories;
  std::vector<Event> events;
  for (std::size_t done = 0; done < kEvents; done += events.size()) {
    events.clear();
    while (events.size() < std::min<std::size_t>(4096, kEvents - done)) {
      events.push_back(devices.next());
    }
    const Batch batch = whole.run(events);
    const std::size_t row_bytes = batch.features.width() * sizeof(double);
    for (std::size_t i = 0; i < events.size(); ++i) {
      const double* row = batch.features.row(i);
      const Batch alone = single.run(std::span(events).subspan(i, 1));
      ASSERT_EQ(std::memcmp(alone.features.row(0), row, row_bytes), 0) << "batching, " << done + i;
      if (events[i].key >= histories.size()) histories.resize(events[i].key + 1);
      History& history = histories[events[i].key];
      history.add(within_floats(events[i]));
      for (std::size_t window = 0; window < windows.size(); ++window) {
        const Expected expected = history.expect(windows[window], window);
        for (std::size_t f = 0; f < kFunctions; ++f) {
          ASSERT_TRUE(close(row[window * kFunctions + f], expected, f))
              << to_string(kAll[f]) << " of window " << window << " at event " << done + i
              << ": got " << row[window * kFunctions + f] << ", expected " << expected.value[f]
              << " within " << expected.tolerance[f];
        }
      }
    }
  }
}

/// One key; values of field a, a second apart.
std::vector<double> feature_of(const FeatureSpec& spec, const std::vector<double>& values) {
  Engine engine({spec});
  std::vector<Event> events;
  for (const double value : values) {
    events.push_back({.key = 0,
                      .time = static_cast<std::int64_t>(events.size()) * 1'000'000'000,
                      .values = {value, kNan}});
  }
  const Batch batch = engine.run(events);
  std::vector<double> out;
  for (std::size_t i = 0; i < values.size(); ++i) out.push_back(batch.features.row(i)[0]);
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

TEST(FeatureStage, SmallWindowsByHand) {
  const std::vector<double> in = {1, 3, kNan, 8, 2};
  const auto last2 = [&](F function) {
    return feature_of({.of = {"a"}, .take = {function}, .last = 2}, in);
  };
  expect_numbers(last2(F::count), {1, 2, 2, 2, 2});
  expect_numbers(last2(F::sum), {1, 4, 4, 11, 10});
  expect_numbers(last2(F::mean), {1, 2, 2, 5.5, 5});
  expect_numbers(last2(F::std),
                 {kNan, std::sqrt(2.0), std::sqrt(2.0), std::sqrt(12.5), std::sqrt(18.0)});
  expect_numbers(last2(F::min), {1, 1, 1, 3, 2});
  expect_numbers(last2(F::max), {1, 3, 3, 8, 8});
  expect_numbers(last2(F::last), {1, 3, 3, 8, 2});
  expect_numbers(last2(F::delta), {kNan, 2, kNan, 5, -6});
  expect_numbers(last2(F::zscore), {kNan, kNan, kNan, 6 / std::sqrt(2.0), -3.5 / std::sqrt(12.5)});
  const double alpha = 2.0 / 3;
  const double second = 1 + alpha * 2, third = second + alpha * (8 - second);
  expect_numbers(last2(F::ewma), {1, second, second, third, third + alpha * (2 - third)});
  // Panes of one second: the pane in hand and 16 before it.
  const std::vector<double> ones(20, 1.0);
  EXPECT_EQ(feature_of({.of = {"a"}, .take = {F::sum}, .over = 16s}, ones).back(), 17);
  expect_numbers(feature_of({.of = {"a"}, .take = {F::delta}, .over = 2s}, in),
                 {kNan, 2, kNan, kNan, -6});
}

TEST(FeatureStage, NothingIsNaNAndCountsZero) {
  for (const F function : kAll) {
    for (const FeatureSpec& spec : {FeatureSpec{.of = {"a"}, .take = {function}, .last = 4},
                                    FeatureSpec{.of = {"a"}, .take = {function}, .over = 1min}}) {
      for (const double got : feature_of(spec, {kNan, kNan, kNan})) {
        const bool counts = function == F::count || function == F::distinct;
        EXPECT_TRUE(counts ? got == 0 : std::isnan(got)) << to_string(function);
      }
    }
  }
}

TEST(FeatureStage, ConstantWindowsHaveNoSpreadAndNoScore) {
  const std::vector<double> constant(500, 5.3);
  for (const FeatureSpec& window : {FeatureSpec{.last = 10}, FeatureSpec{.over = 1min}}) {
    FeatureSpec spec = window;
    spec.of = {"a"};
    spec.take = {F::zscore};
    for (const double z : feature_of(spec, constant)) {
      EXPECT_TRUE(std::isnan(z) || std::fabs(z) < 1);
    }
    spec.take = {F::std};
    for (const double std : feature_of(spec, constant)) {
      EXPECT_TRUE(std::isnan(std) || std < 1e-12);
    }
  }
}

TEST(FeatureStage, NothingDriftsOverAMillionEventsOfOneKey) {
  Random random(3);
  std::vector<double> values;
  for (int i = 0; i < 1'000'000; ++i) {
    values.push_back(i % 1000 == 999 ? 1e30 : 1e5 + random.normal());
  }
  const auto mean = feature_of({.of = {"a"}, .take = {F::mean}, .last = 100}, values);
  const auto std = feature_of({.of = {"a"}, .take = {F::std}, .last = 100}, values);
  std::vector<double> tail;
  for (std::size_t i = values.size() - 150; i < values.size() - 50; ++i) {
    tail.push_back(float_of(values[i]));
  }
  const Statistics expected(tail);
  EXPECT_NEAR(mean[values.size() - 51], expected.mean, 1e-9 * expected.mean);
  EXPECT_NEAR(std[values.size() - 51], expected.std, 1e-9 * expected.std);
}

TEST(FeatureStage, TimesAtTheEndsOfTheClockAreHarmless) {
  Engine engine(kSpecs);
  const std::int64_t least = std::numeric_limits<std::int64_t>::min() + 1;
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::vector<Event> events = {{.time = least, .values = {1, 1}},
                                     {.time = most, .values = {2, 2}},
                                     {.time = least, .values = {3, 3}},
                                     {.time = 0, .values = {4, 4}}};
  const Batch batch = engine.run(events);
  for (std::size_t row = 0; row < events.size(); ++row) {
    for (std::size_t i = 0; i < batch.features.width(); ++i) {
      EXPECT_FALSE(std::isinf(batch.features.row(row)[i]));
    }
  }
}

TEST(Decay, EqualsTheExponential) {
  Random random(1);
  EXPECT_EQ(decay(0).left, 1);
  EXPECT_EQ(decay(0).gone, 0);
  EXPECT_EQ(decay(1e9).left, 0);
  EXPECT_EQ(decay(std::numeric_limits<double>::infinity()).gone, 1);
  for (int i = 0; i < 100'000; ++i) {
    const double u = std::exp(36 * random.uniform() - 30);
    ASSERT_NEAR(decay(u).left / std::exp(-u), 1, 1e-15) << u;
    ASSERT_NEAR(decay(u).gone / -std::expm1(-u), 1, 1e-15) << u;
  }
}

TEST(FeatureStage, Conforms) {
  std::vector<std::vector<FeatureSpec>> each = {kSpecs};
  for (const F function : kAll) {  // Each alone: other parts, other compiled loops.
    each.push_back({{.of = {"b"}, .take = {function}, .last = 7},
                    {.of = {"a"}, .take = {function}, .over = 90s}});
  }
  for (const auto& specs : each) {
    const auto make = [&] { return FeatureStage::make(two_fields(), specs).value(); };
    conformance::expect_conforms({.make = make, .value_columns = kFields});
  }
}

}  // namespace
}  // namespace ouzel
