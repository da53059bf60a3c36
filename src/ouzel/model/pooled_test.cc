#include "ouzel/model/pooled.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ouzel/base/random.h"

namespace ouzel::detector {
namespace {

/// A row that has all of its channels.
Standards all(std::size_t channels) {
  Standards row = {};
  std::fill(row.known, row.known + channels, 1.0F);
  return row;
}

TEST(Pooled, LearnsTheCorrelationAndNamesWhoBreaksIt) {
  constexpr std::size_t kChannels = 5;
  std::vector<float> state(Pooled::floats(kChannels));
  Pooled pooled(state.data(), kChannels);
  Random random(1);
  float conditional[kChannels];
  double mean = 0;
  constexpr int kRows = 20000;
  for (int row = 0; row < kRows; ++row) {
    Standards z = all(kChannels);
    const double shared = random.normal();
    for (std::size_t i = 0; i < kChannels; ++i) {
      z.of[i] =
          static_cast<float>(i < 3 ? 0.95 * shared + 0.31 * random.normal() : random.normal());
    }
    if (row >= kRows / 2) mean += static_cast<double>(pooled.distance(z, conditional));
    pooled.learn(z, 1);
  }
  mean /= kRows / 2;
  EXPECT_GT(mean, 0.7 * kChannels);
  EXPECT_LT(mean, 1.1 * kChannels);
  Standards together = all(kChannels);
  for (const std::size_t i : {0, 1, 2}) together.of[i] = 2;
  Standards apart = together;
  apart.of[1] = -2;
  const float far = pooled.distance(apart, conditional);
  EXPECT_GT(conditional[1], 3 * 4);
  EXPECT_GT(conditional[1], conditional[0]);
  EXPECT_GT(conditional[1], conditional[2]);
  EXPECT_GT(far, 4 * pooled.distance(together, conditional));
}

/// Two channels hang together, a third stands alone and comes only with every third row.
struct Partial {
  Partial() : state(Pooled::floats(3)), pooled(state.data(), 3) {
    for (int row = 0; row < 6000; ++row) {
      Standards z = all(3);
      const double shared = random.normal();
      z.of[0] = static_cast<float>(0.95 * shared + 0.31 * random.normal());
      z.of[1] = static_cast<float>(0.95 * shared + 0.31 * random.normal());
      if (row % 3 == 0) {
        z.of[2] = static_cast<float>(random.normal());
      } else {
        z.known[2] = 0;
      }
      pooled.learn(z, 1);
    }
  }
  float distance(Standards row) {
    float conditional[3];
    return pooled.distance(row, conditional);
  }
  Random random{4};
  std::vector<float> state;
  Pooled pooled;
};

TEST(Pooled, WhatARowLacksTeachesNothing) {
  Partial partial;
  Standards row = all(3);
  row.of[2] = 2;
  const float distance = partial.distance(row);
  EXPECT_GT(distance, 0.8F * 4) << "of a variance of 1";
  EXPECT_LT(distance, 1.2F * 4);
}

TEST(Pooled, AChannelNewToTheLaneCountsAsStandardised) {
  constexpr std::size_t kChannels = 2;
  std::vector<float> state(Pooled::floats(kChannels));
  Pooled pooled(state.data(), kChannels);
  Random random(6);
  Standards row = {};
  row.known[0] = 1;
  for (int t = 0; t < 1024; ++t) {
    row.of[0] = static_cast<float>(random.normal());
    pooled.learn(row, 1);
  }
  row = all(kChannels);
  row.of[1] = 2;
  float conditional[kChannels];
  EXPECT_FLOAT_EQ(pooled.distance(row, conditional), 4);
}

TEST(Pooled, ARowIsAsFarAsTheChannelsItHas) {
  Partial partial;
  Standards row = all(3);
  row.of[0] = 2;
  const float broken = partial.distance(row);
  row.known[1] = 0;
  const float distance = partial.distance(row);
  EXPECT_GT(broken, 10) << "one moves, the other does not";
  EXPECT_GT(distance, 0.8F * 4) << "the other is not there to contradict";
  EXPECT_LT(distance, 1.2F * 4);
}

/// Of three, each pair was seen only without the third: no covariance at all fits the pairs.
TEST(Pooled, IsBoundedWherePairsDoNotFitTogether) {
  constexpr std::size_t kChannels = 3;
  std::vector<float> state(Pooled::floats(kChannels));
  Pooled pooled(state.data(), kChannels);
  Random random(8);
  for (int t = 0; t < 8192; ++t) {
    const auto value = static_cast<float>(random.normal());
    const std::size_t lacks = t % 3;
    Standards row = all(kChannels);
    for (std::size_t i = 0; i < kChannels; ++i) row.of[i] = i == 0 && lacks == 2 ? -value : value;
    row.of[lacks] = row.known[lacks] = 0;
    pooled.learn(row, 1);
  }
  float conditional[kChannels];
  for (std::size_t i = 0; i < kChannels; ++i) {
    Standards row = all(kChannels);
    row.of[i] = 1;
    const float distance = pooled.distance(row, conditional);
    EXPECT_GT(distance, 0.5F) << i;
    EXPECT_LT(distance, 20) << i;
  }
}

TEST(Pooled, IsFiniteOnConstantAndWildChannels) {
  constexpr std::size_t kChannels = kChannelsMax;
  std::vector<float> state(Pooled::floats(kChannels));
  Pooled pooled(state.data(), kChannels);
  Random random(2);
  Standards z = all(kChannels);
  std::vector<float> conditional(kChannels);
  for (int row = 0; row < 3000; ++row) {
    const auto same = static_cast<float>(random.chance(0.1) ? 20 : random.normal());
    for (std::size_t i = 0; i < kChannels; ++i) z.of[i] = i % 2 == 0 ? 0.0F : same;
    const float distance = pooled.distance(z, conditional.data());
    ASSERT_TRUE(std::isfinite(distance) && distance >= 0) << row;
    for (const float each : conditional) ASSERT_TRUE(std::isfinite(each)) << row;
    pooled.learn(z, row % 3 == 0 ? 0.1F : 1.0F);
  }
}

}  // namespace
}  // namespace ouzel::detector
