#include "ouzel/model/pooled.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ouzel/base/random.h"

namespace ouzel::detector {
namespace {

TEST(Pooled, LearnsTheCorrelationAndNamesWhoBreaksIt) {
  constexpr std::size_t kChannels = 5;
  std::vector<float> state(Pooled::floats(kChannels));
  Pooled pooled(state.data(), kChannels);
  Random random(1);
  float conditional[kChannels];
  double mean = 0;
  constexpr int kRows = 20000;
  for (int row = 0; row < kRows; ++row) {
    float z[8] = {};
    const double shared = random.normal();
    for (std::size_t i = 0; i < kChannels; ++i) {
      z[i] = static_cast<float>(i < 3 ? 0.95 * shared + 0.31 * random.normal() : random.normal());
    }
    if (row >= kRows / 2) mean += static_cast<double>(pooled.distance(z, conditional));
    pooled.learn(z, 1);
  }
  mean /= kRows / 2;
  EXPECT_GT(mean, 0.7 * kChannels);
  EXPECT_LT(mean, 1.1 * kChannels);
  const float together[8] = {2, 2, 2, 0, 0};
  const float apart[8] = {2, -2, 2, 0, 0};
  const float far = pooled.distance(apart, conditional);
  EXPECT_GT(conditional[1], 3 * 4);
  EXPECT_GT(conditional[1], conditional[0]);
  EXPECT_GT(conditional[1], conditional[2]);
  EXPECT_GT(far, 4 * pooled.distance(together, conditional));
}

TEST(Pooled, IsFiniteOnConstantAndWildChannels) {
  constexpr std::size_t kChannels = kChannelsMax;
  std::vector<float> state(Pooled::floats(kChannels));
  Pooled pooled(state.data(), kChannels);
  Random random(2);
  std::vector<float> z(Pooled::padded(kChannels));
  std::vector<float> conditional(kChannels);
  for (int row = 0; row < 3000; ++row) {
    const auto same = static_cast<float>(random.chance(0.1) ? 20 : random.normal());
    for (std::size_t i = 0; i < kChannels; ++i) z[i] = i % 2 == 0 ? 0.0F : same;
    const float distance = pooled.distance(z.data(), conditional.data());
    ASSERT_TRUE(std::isfinite(distance) && distance >= 0) << row;
    for (const float each : conditional) ASSERT_TRUE(std::isfinite(each)) << row;
    pooled.learn(z.data(), row % 3 == 0 ? 0.1F : 1.0F);
  }
}

}  // namespace
}  // namespace ouzel::detector
