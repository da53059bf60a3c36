#include "ouzel/model/calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ouzel/base/random.h"
#include "ouzel/model/scalar_math.h"

namespace ouzel::detector {
namespace {

float feed(Calibration& calibration, float strength) {
  const float place = place_of(strength);
  const float score = score_of(calibration, place);
  learn(calibration, {.place = place, .score = score, .trust = 1, .typical = 4});
  return score;
}

TEST(Calibration, ScoresByTheShareOfThePast) {
  Calibration calibration{};
  Random random(1);
  const auto draw = [&] { return static_cast<float>(-3 * std::log(1 - random.uniform())); };
  for (int i = 0; i < 50000; ++i) feed(calibration, draw());
  double beyond[3] = {};
  constexpr int kRows = 200000;
  for (int i = 0; i < kRows; ++i) {
    const float score = feed(calibration, draw());
    beyond[0] += score >= 0.4377F;  // p = 0.1
    beyond[1] += score >= 0.6838F;  // p = 0.01
    beyond[2] += score >= 0.9F;     // p = 1e-4
  }
  EXPECT_NEAR(beyond[0] / kRows, 0.1, 0.01);
  EXPECT_NEAR(beyond[1] / kRows, 0.01, 0.003);
  EXPECT_GT(beyond[2] / kRows, 0.3e-4);
  EXPECT_LT(beyond[2] / kRows, 3e-4);
}

TEST(Calibration, KeepsTheOrderOfStrengths) {
  Calibration calibration{};
  Random random(2);
  for (int i = 0; i < 20000; ++i) feed(calibration, static_cast<float>(random.uniform()));
  float last = -1;
  for (float strength = 0; strength < 1e4F; strength = strength * 1.3F + 0.01F) {
    const float score = score_of(calibration, place_of(strength));
    EXPECT_GE(score, last);
    EXPECT_LE(score, 1);
    last = score;
  }
}

TEST(Calibration, AnomaliesDoNotBecomeNormalUnlessTheyAreTheNormal) {
  Calibration calibration{};
  Random random(3);
  const auto draw = [&] { return static_cast<float>(-3 * std::log(1 - random.uniform())); };
  for (int i = 0; i < 50000; ++i) feed(calibration, draw());
  for (int i = 0; i < 50000; ++i) feed(calibration, i % 100 == 0 ? 300.0F : draw());
  EXPECT_GE(score_of(calibration, place_of(300)), 0.9F) << "one in a hundred";
  for (int i = 0; i < 200000; ++i) feed(calibration, i % 3 == 0 ? 250 + 10 * draw() : draw());
  EXPECT_LT(score_of(calibration, place_of(280)), 0.6F) << "every third";
}

TEST(ScalarMath, IsCloseToTheLibrary) {
  for (float x = 1e-30F; x < 1e30F; x *= 1.37F) {
    EXPECT_NEAR(log2_of(x), std::log2(x), 1e-5 + 1e-6 * std::abs(std::log2(x))) << x;
  }
  for (float x = -60; x < 60; x += 0.137F) {
    EXPECT_NEAR(exp2_of(x) / std::exp2(x), 1, 1e-5) << x;
  }
}

}  // namespace
}  // namespace ouzel::detector
