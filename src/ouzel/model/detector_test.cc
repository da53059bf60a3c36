#include "ouzel/model/detector.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "ouzel/base/random.h"
#include "ouzel/model/row_judge.h"
#include "ouzel/stage/stage_conformance.h"

namespace ouzel {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

Schema schema_of(const std::vector<std::string>& names) {
  Schema schema;
  for (const std::string& name : names) {
    Field field;
    field.name = name;
    schema.fields.push_back(field);
  }
  return schema;
}

const Schema& climate() {
  static const Schema schema = schema_of({"temperature", "humidity"});
  return schema;
}

/// A detector over its own lane; events one by one.
class Lane {
 public:
  explicit Lane(const Schema& schema, const DetectorSpec& spec = {})
      : names_(detector_reason_names(schema, spec)),
        stage_(std::move(DetectorStage::make(schema, spec)).value()),
        lane_(stage_->state_need().lane_bytes / 8) {}

  float score(std::size_t key, const std::vector<double>& values) {
    if (key >= keys_.size()) keys_.resize(key + 1);
    if (keys_[key].empty()) keys_[key].resize(stage_->state_need().key_bytes / 8);
    batch_.fate.assign(1, Fate::live);
    batch_.flags.assign(1, 0);
    batch_.values.reset(1, values.size());
    std::copy(values.begin(), values.end(), batch_.values.row(0));
    auto* row = reinterpret_cast<std::byte*>(keys_[key].data());
    stage_->run(batch_, StateView(&row, 0, reinterpret_cast<std::byte*>(lane_.data())));
    return batch_.score[0];
  }
  std::string first_reason() const {
    const Reasons& reasons = batch_.reasons[0];
    return reasons.count == 0 ? "" : names_[reasons.column[0]];
  }
  const Reasons& reasons() const { return batch_.reasons[0]; }
  bool warming() const { return (batch_.flags[0] & kFlagWarming) != 0; }

 private:
  std::vector<std::string> names_;
  std::unique_ptr<DetectorStage> stage_;
  std::vector<std::uint64_t> lane_;
  std::vector<std::vector<std::uint64_t>> keys_;
  Batch batch_;
};

/// Temperature and humidity of a device: own level, daily season, noise correlated by -0.9.
std::vector<double> reading(Random& random, std::size_t key, int t) {
  const double shared = random.normal();
  const double season = std::sin((t + 100.0 * static_cast<double>(key)) * 6.2831853 / 1440);
  return {20 + static_cast<double>(key) + 3 * season + 0.4 * (0.9 * shared + 0.4 * random.normal()),
          50 - 6 * season - 0.9 * shared + 0.4 * random.normal()};
}

constexpr std::size_t kKeys = 20;
constexpr int kCleanRows = 4000;

/// A lane that has seen clean data of kKeys devices.
struct Trained {
  Trained() : lane(climate()), random(5) {
    for (int t = 0; t < kCleanRows; ++t) {
      for (std::size_t key = 0; key < kKeys; ++key) lane.score(key, reading(random, key, t));
    }
  }
  Lane lane;
  Random random;
};

/// What became of one device's anomaly of `rows` rows: `change` turns clean values into odd ones.
struct Found {
  float best = 0;
  int first = -1;      ///< Row of the first score of 0.9 or more.
  std::string reason;  ///< At `first`.
};

Found play(Trained& trained, int rows,
           const std::function<void(int, std::vector<double>&)>& change) {
  Found found;
  for (int t = 0; t < rows; ++t) {
    auto values = reading(trained.random, 3, kCleanRows + t);
    change(t, values);
    const float score = trained.lane.score(3, values);
    found.best = std::max(found.best, score);
    if (score >= 0.9F && found.first < 0) {
      found.first = t;
      found.reason = trained.lane.first_reason();
    }
  }
  return found;
}

TEST(Detector, FindsASpikeAtOnceAndNamesTheChannel) {
  for (const std::size_t channel : {0, 1}) {
    Trained trained;
    const double size = channel == 0 ? 5 : -12;
    const Found found =
        play(trained, 200, [&](int t, auto& v) { v[channel] += t == 199 ? size : 0; });
    EXPECT_EQ(found.first, 199) << found.best;
    EXPECT_TRUE(found.reason.starts_with(climate().fields[channel].name + "_")) << found.reason;
  }
}

TEST(Detector, FindsALevelShift) {
  Trained trained;
  const Found found = play(trained, 60, [](int, auto& v) { v[0] += 6; });
  EXPECT_GE(found.first, 0) << found.best;
  EXPECT_LE(found.first, 3);
  EXPECT_TRUE(found.reason.starts_with("temperature_")) << found.reason;
}

TEST(Detector, FindsADrift) {
  Trained trained;
  const Found found = play(trained, 400, [](int t, auto& v) { v[0] += 0.06 * t; });
  EXPECT_GE(found.first, 0) << found.best;
  EXPECT_TRUE(found.reason.starts_with("temperature_")) << found.reason;
}

TEST(Detector, FindsAStuckSensor) {
  Trained trained;
  const Found found = play(trained, 60, [](int, auto& v) { v[1] = 50.25; });
  EXPECT_GE(found.first, 1) << found.best;
  EXPECT_LE(found.first, 30);
  EXPECT_TRUE(found.reason.starts_with("humidity_")) << found.reason;
}

TEST(Detector, FindsANoiseBurst) {
  Trained trained;
  Random noise(3);
  const Found found = play(trained, 40, [&](int, auto& v) { v[0] += 2.5 * noise.normal(); });
  EXPECT_GE(found.first, 0) << found.best;
  EXPECT_TRUE(found.reason.starts_with("temperature_")) << found.reason;
}

/// Humidity moves with the temperature instead of against it: each by itself looks normal.
TEST(Detector, FindsABrokenCorrelation) {
  Trained trained;
  const Found found = play(trained, 100, [](int t, auto& v) {
    const double season = std::sin((kCleanRows + t + 300.0) * 6.2831853 / 1440);
    v[1] = 50 - 6 * season + (v[0] - 23 - 3 * season) * 2.25;
  });
  EXPECT_GE(found.first, 0) << found.best;
  EXPECT_TRUE(found.reason.ends_with("_correlation") || found.reason == "channels_mahalanobis")
      << found.reason;
}

TEST(Detector, AcceptsANewLevelAfterAWhile) {
  Trained trained;
  float last = 1;
  for (int t = 0; t < 6000; ++t) {
    auto values = reading(trained.random, 3, kCleanRows + t);
    values[0] += 15;
    const float score = trained.lane.score(3, values);
    last += (score - last) / 100;
  }
  EXPECT_LT(last, 0.5F);
}

/// Share of rows that score 0.9 or more on clean data after a warm-up.
double false_alarms(const std::function<double(Random&, double&, int)>& next) {
  Lane lane(climate());
  Random random(17);
  std::vector<std::array<double, 2>> memory(kKeys);
  double alarms = 0;
  double rows = 0;
  for (int t = 0; t < 12000; ++t) {
    for (std::size_t key = 0; key < kKeys; ++key) {
      const double a = next(random, memory[key][0], t);
      const double b = next(random, memory[key][1], t);
      const float score = lane.score(key, {a + static_cast<double>(key), 3 * b});
      if (t < 2000) continue;
      alarms += score >= 0.9F;
      ++rows;
    }
  }
  return alarms / rows;
}

TEST(Detector, IsCalibratedOnCleanData) {
  const auto iid = [](Random& random, double&, int) { return random.normal(); };
  const auto correlated = [](Random& random, double& memory, int) {
    return memory = 0.9 * memory + random.normal();
  };
  const auto season = [](Random& random, double&, int t) {
    return random.normal() + 5 * std::sin(t * 6.2831853 / 1440);
  };
  for (const double share : {false_alarms(iid), false_alarms(correlated), false_alarms(season)}) {
    EXPECT_GT(share, 1e-4 / 4);
    EXPECT_LT(share, 3e-4);
  }
}

/// Lanes of one key, from their first row on: a season not yet seen whole is no anomaly.
TEST(Detector, IsQuietWhileYoung) {
  int alarms = 0;
  for (int lane_number = 0; lane_number < 50; ++lane_number) {
    Lane lane(climate());
    Random random(static_cast<std::uint64_t>(lane_number));
    double memory = 0;
    for (int t = 0; t < 1000; ++t) {
      memory = 0.9 * memory + random.normal();
      const double season = 5 * std::sin(t * 6.2831853 / 1440);
      alarms += lane.score(0, {season + random.normal(), memory}) >= 0.9F;
    }
  }
  EXPECT_LE(alarms, 15) << "of 50,000 rows";
}

/// Devices with two channels are first in the lane; those with four are no anomaly for that.
TEST(Detector, IsQuietWhereKeysHaveDifferentChannels) {
  Lane lane(schema_of({"temperature", "humidity", "pressure", "vibration"}));
  Random random(12);
  int alarms = 0;
  for (int t = 0; t < 400; ++t) {
    for (std::size_t key = 0; key < 2 * kKeys; ++key) {
      const bool few = key < kKeys;
      if (!few && t < 100) continue;
      const auto climate = reading(random, key, t);
      const double pressure = few ? kMissing : 5 + 0.1 * random.normal();
      const double vibration = few ? kMissing : 3 + random.normal();
      alarms += lane.score(key, {climate[0], climate[1], pressure, vibration}) >= 0.9F;
    }
  }
  EXPECT_LE(alarms, 10) << "of 14,000 rows";
}

TEST(Detector, NewKeysAreFlaggedAndScoreModeratelyAtMost) {
  Trained trained;
  for (int i = 0; i < 30; ++i) {
    const float score = trained.lane.score(kKeys, {1e6, -1e6});
    EXPECT_TRUE(trained.lane.warming());
    EXPECT_LE(score, kWarmingScoreMax);
  }
  trained.lane.score(kKeys, {1e6, -1e6});
  EXPECT_FALSE(trained.lane.warming());
  trained.lane.score(kKeys + 1, {25, 50});
  EXPECT_LT(trained.lane.score(kKeys + 1, {25, 50}), 0.5F) << "like the fleet";
}

TEST(Detector, ReasonsAreSharesAndOnlyWhereTheScoreAsksForThem) {
  Trained trained;
  for (int t = 0; t < 2000; ++t) {
    auto values = reading(trained.random, 2, kCleanRows + t);
    if (t % 100 == 99) values[0] += 0.5 * (t / 100);
    const float score = trained.lane.score(2, values);
    const Reasons& reasons = trained.lane.reasons();
    EXPECT_EQ(reasons.count > 0, score >= kReasonsFrom) << score;
    float sum = 0;
    for (std::size_t i = 0; i < reasons.count; ++i) {
      EXPECT_GT(reasons.weight[i], 0);
      if (i > 0) {
        EXPECT_LE(reasons.weight[i], reasons.weight[i - 1]);
      }
      sum += reasons.weight[i];
    }
    EXPECT_LE(sum, 1.0001F);
  }
}

TEST(Detector, NamesItsReasonsByField) {
  const auto names = detector_reason_names(climate(), {});
  ASSERT_EQ(names.size(), 2 * detector::kKinds + 1);
  EXPECT_EQ(names[detector::kLevel], "temperature_level");
  EXPECT_EQ(names[detector::kKinds + detector::kCorrelation], "humidity_correlation");
  EXPECT_EQ(names.back(), "channels_mahalanobis");
  const auto one = detector_reason_names(climate(), {.of = {"humidity"}});
  ASSERT_EQ(one.size(), static_cast<std::size_t>(detector::kKinds));
  EXPECT_EQ(one[detector::kStuck], "humidity_stuck");
}

TEST(Detector, RefusesFieldsItCannotWatch) {
  Schema schema = climate();
  Field text;
  text.name = "mode";
  text.type = FieldType::string;
  schema.fields.insert(schema.fields.begin(), text);
  EXPECT_TRUE(DetectorStage::make(schema, {}).has_value());
  EXPECT_EQ(detector_reason_names(schema, {}).front(), "temperature_level");
  for (const std::vector<std::string>& of :
       {std::vector<std::string>{"mode"}, {"nothing"}, {"humidity", "humidity"}}) {
    const auto made = DetectorStage::make(schema, {.of = of});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, ErrorCode::config);
    EXPECT_NE(made.error().message.find(of[0]), std::string::npos) << made.error().message;
  }
  std::vector<std::string> many;
  for (int i = 0; i < 65; ++i) many.push_back("c" + std::to_string(i));
  EXPECT_FALSE(DetectorStage::make(schema_of(many), {}).has_value());
  many.pop_back();
  EXPECT_TRUE(DetectorStage::make(schema_of(many), {}).has_value());
  EXPECT_FALSE(DetectorStage::make(schema_of({}), {}).has_value());
}

/// Whatever the values, scores stay in [0, 1], and a calm end is judged calmly again.
TEST(Detector, SurvivesHostileValues) {
  const double tiny = std::numeric_limits<double>::denorm_min();
  const double huge = std::numeric_limits<double>::max();
  const double infinite = std::numeric_limits<double>::infinity();
  const std::vector<double> nasty = {1e300, -1e300, 0.0,  -0.0,     tiny,      -tiny, huge,
                                     -huge, 1e15,   1e-9, infinite, -infinite, 1,     kMissing};
  const std::vector<std::function<double(Random&, int)>> series = {
      [](Random&, int) { return 7.0; },
      [](Random&, int t) { return t % 2 == 0 ? 1e300 : -1e300; },
      [](Random&, int t) { return t % 2 == 0 ? 1.0 : -1.0; },
      [&](Random& random, int) { return nasty[random.below(nasty.size())]; },
      [](Random&, int t) { return t % 500 < 250 ? kMissing : 3.0 + t % 7; },
      [](Random&, int t) { return std::pow(1.5, t % 1700); },
      [&](Random&, int t) { return t * tiny; },
      [](Random&, int t) { return 1e15 + t; },
  };
  for (std::size_t which = 0; which < series.size(); ++which) {
    Lane lane(climate());
    Random random(which);
    for (int t = 0; t < 5000; ++t) {
      const double a = series[which](random, t);
      const double b = series[which](random, t + 1);
      const float score = lane.score(static_cast<std::size_t>(t) % 3, {a, b});
      ASSERT_TRUE(score >= 0 && score <= 1) << "series " << which << " row " << t << ": " << score;
    }
    for (int t = 0; t < 20000; ++t) lane.score(0, {10 + random.normal(), 10 + random.normal()});
    float mean = 0;
    for (int t = 0; t < 200; ++t) {
      mean += lane.score(0, {10 + random.normal(), 10 + random.normal()}) / 200;
    }
    EXPECT_LT(mean, 0.7F) << "series " << which;
  }
}

TEST(Detector, ARowWithoutValuesScoresNothing) {
  Trained trained;
  EXPECT_EQ(trained.lane.score(0, {kMissing, kMissing}), 0);
  EXPECT_FALSE(trained.lane.warming());
  EXPECT_GE(trained.lane.score(0, {kMissing, 90}), 0.9F) << "the other channel is judged still";
  EXPECT_TRUE(trained.lane.first_reason().starts_with("humidity_"));
}

TEST(Detector, StateIsSmall) {
  const StateNeed two = detector_state_bytes(climate(), {});
  EXPECT_LE(two.key_bytes, 2 * 232U + 32);
  EXPECT_LE(two.lane_bytes, 6000U);
}

TEST(Detector, Conforms) {
  for (const std::size_t channels : {1, 2, 7}) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < channels; ++i) names.push_back("c" + std::to_string(i));
    const Schema schema = schema_of(names);
    conformance::expect_conforms(
        {.make = [&] { return std::move(DetectorStage::make(schema, {})).value(); },
         .value_columns = channels});
  }
}

}  // namespace
}  // namespace ouzel
