#include "ouzel/model/channel.h"

#include <cmath>
#include <cstring>

#include "ouzel/model/scalar_math.h"

namespace ouzel::detector {
namespace {

constexpr double kValueMax = 1e15;
constexpr float kLevelMemory = 1.0F / 4096;
constexpr float kChangeMemory = 1.0F / 1024;
constexpr double kNearMemory = 1.0 / 24;
constexpr float kBiasMemory = 1.0F / 32;
constexpr float kEnergyMemory = 1.0F / 16;
constexpr float kForget = 1.0F - 1.0F / 512;
constexpr float kPriorWeight = 8.0F;
constexpr std::uint32_t kSeenMax = 1U << 30;
constexpr std::uint32_t kLayOutAt = 12;
constexpr std::uint32_t kTotalMax = 8192;
constexpr float kSquareMax = kCap * kCap;

float square(float x) { return x * x; }
float capped(float z_square) { return std::min(z_square, kSquareMax); }

/// Scale from the channel's own mean square and the fleet's, which fades as the channel learns.
float scale_of(float own, float fleet, std::uint32_t seen, double level) {
  const float prior = kPriorWeight / (static_cast<float>(seen) + kPriorWeight);
  const float blended = own + prior * (fleet - own);
  const auto floor = static_cast<float>(std::abs(level) * 1e-6 + 1e-12);
  return std::max(std::sqrt(blended), floor);
}

float standard(double deviation, float scale) {
  return static_cast<float>(std::clamp(deviation / static_cast<double>(scale), -1e4, 1e4));
}

int bin_of(const Channel& channel, double value) {
  const double at = (value - channel.low) / channel.bin_width;
  return static_cast<int>(std::clamp(at, 0.0, static_cast<double>(kBins - 1)));
}

/// Mass of all bins as empty as this one, as a p-value; then as a square of a standard score.
float rarity(const Channel& channel, double value) {
  if (channel.bin_width <= 0 || channel.total < 64) return 0;
  const int bin = bin_of(channel, value);
  const std::uint32_t count = channel.bins[bin];
  if (count * 64 > channel.total) return 0;
  const std::uint32_t left = bin > 0 ? channel.bins[bin - 1] : 0;
  const std::uint32_t right = bin + 1 < static_cast<int>(kBins) ? channel.bins[bin + 1] : 0;
  const auto limit = static_cast<std::uint16_t>(std::max(count, std::min(left, right)));
  std::uint32_t mass = 0;
  for (const std::uint16_t other : channel.bins) mass += other <= limit ? other : 0;
  const float p = (static_cast<float>(mass) + 1.0F) / (static_cast<float>(channel.total) + 1.0F);
  return std::max(0.0F, -2.0F * log_of(p));
}

/// A run of equal values, geometric under the learned share of repeats, beyond the longest known.
float stuck(const Channel& channel, double value) {
  if (value != channel.last || channel.seen < 2) return 0;
  const float beyond = static_cast<float>(channel.run + 1) - channel.run_longest;
  if (beyond < 2) return 0;
  const float share = std::clamp(channel.repeat, 0.02F, 0.9995F);
  return -2.0F * beyond * log_of(share);
}

void merge_bins(Channel& channel, bool grow_left) {
  std::uint16_t merged[kBins] = {};
  const unsigned at = grow_left ? kBins / 2 : 0;
  for (unsigned i = 0; i < kBins; i += 2) {
    const unsigned sum = channel.bins[i] + channel.bins[i + 1];
    merged[at + i / 2] = static_cast<std::uint16_t>(std::min(sum, 65535U));
  }
  if (grow_left) channel.low -= channel.bin_width * kBins;
  channel.bin_width *= 2;
  std::memcpy(channel.bins, merged, sizeof merged);
}

/// Halves all counts; zooms in where the middle of the mass fills a quarter of the range or less.
void age_bins(Channel& channel) {
  std::uint32_t total = 0;
  for (auto& bin : channel.bins) total += bin = static_cast<std::uint16_t>(bin / 2);
  channel.total = total;
  unsigned first = 0;
  unsigned last = kBins - 1;
  for (std::uint32_t cut = 0; first < last; ++first) {
    if ((cut += channel.bins[first]) * 256 > total) break;
  }
  for (std::uint32_t cut = 0; last > first; --last) {
    if ((cut += channel.bins[last]) * 256 > total) break;
  }
  if (last - first >= kBins / 4 || channel.bin_width <= 1e-9 * (1 + std::abs(channel.level))) return;
  const unsigned begin = std::clamp((first + last) / 2, kBins / 4, 3 * kBins / 4) - kBins / 4;
  std::uint16_t split[kBins];
  channel.total = 0;
  for (unsigned i = 0; i < kBins; ++i) {
    const std::uint16_t whole = channel.bins[begin + i / 2];
    split[i] = static_cast<std::uint16_t>(i % 2 == 0 ? (whole + 1) / 2 : whole / 2);
    channel.total += split[i];
  }
  channel.low += channel.bin_width * begin;
  channel.bin_width /= 2;
  std::memcpy(channel.bins, split, sizeof split);
}

void learn_bins(Channel& channel, const Reading& reading, float rate) {
  if (channel.bin_width <= 0) {
    if (channel.seen < kLayOutAt) return;
    const double half = 4.0 * static_cast<double>(reading.scale_level);
    channel.low = channel.level - half;
    channel.bin_width = std::max(2 * half / kBins, 1e-12);
  }
  const double high = channel.low + channel.bin_width * kBins;
  if (rate >= 1.0F && channel.bin_width < 1e14) {
    if (reading.value < channel.low) merge_bins(channel, true);
    if (reading.value >= high) merge_bins(channel, false);
  }
  auto& bin = channel.bins[bin_of(channel, reading.value)];
  if (bin < 65535) {
    ++bin;
    ++channel.total;
  }
  if (channel.total >= kTotalMax) age_bins(channel);
}

/// Recursive least squares of two weights, all in units of the change's scale.
void learn_forecast(Channel& channel, const Reading& reading, float rate) {
  if (channel.p00 <= 0) {
    channel.p00 = channel.p11 = 1.0F;
    channel.reversion = 0.1F;
  }
  const float a = reading.in_momentum;
  const float b = reading.in_reversion;
  const float pa = channel.p00 * a + channel.p01 * b;
  const float pb = channel.p01 * a + channel.p11 * b;
  const float gain = 1.0F / (kForget + a * pa + b * pb);
  const float limit = 3.0F * reading.scale_residual;
  const float error =
      rate * std::clamp(reading.residual, -limit, limit) / reading.scale_change;
  channel.momentum = std::clamp(channel.momentum + gain * pa * error, -2.0F, 2.0F);
  channel.reversion = std::clamp(channel.reversion + gain * pb * error, -1.0F, 2.0F);
  if (rate < 1.0F) return;
  const float q00 = (channel.p00 - gain * pa * pa) / kForget;
  const float q01 = (channel.p01 - gain * pa * pb) / kForget;
  const float q11 = (channel.p11 - gain * pb * pb) / kForget;
  const bool sound = q00 > 1e-8F && q11 > 1e-8F && q00 < 4.0F && q11 < 4.0F &&
                     q01 * q01 < q00 * q11;
  channel.p00 = sound ? q00 : std::clamp(channel.p00, 1e-3F, 1.0F);
  channel.p11 = sound ? q11 : std::clamp(channel.p11, 1e-3F, 1.0F);
  channel.p01 = sound ? q01 : 0.0F;
}

void learn_run(Channel& channel, double value, float rate) {
  if (value == channel.last) {
    ++channel.run;
  } else {
    const auto run = static_cast<float>(channel.run);
    channel.run_longest = std::max(channel.run_longest * (1.0F - kLevelMemory), run);
    channel.run = 0;
  }
  const float step = rate * std::max(1.0F / static_cast<float>(channel.seen + 1), kChangeMemory);
  channel.repeat += step * ((channel.run > 0 ? 1.0F : 0.0F) - channel.repeat);
}

void learn_fleet(Fleet& fleet, const Reading& reading, float rate) {
  const float step = rate * std::max(1.0F / (fleet.seen + 1), kLevelMemory);
  fleet.seen = std::min(fleet.seen + 1, 1e6F);
  const double apart = reading.value - fleet.level;
  fleet.level += static_cast<double>(step) * apart;
  const float limit = 1e3F * (fleet.spread + 1e-12F);
  const auto apart_square = static_cast<float>(std::min(apart * apart, 4e30));
  fleet.spread += step * (fleet.seen < 64 ? apart_square : std::min(apart_square, limit));
  fleet.spread *= 1.0F - step;
}

}  // namespace

void judge(const Channel& channel, const Fleet& fleet, double value, bool warm, Reading& reading,
           Evidence& evidence) {
  value = std::clamp(value, -kValueMax, kValueMax);
  reading.present = true;
  reading.value = value;
  for (float& each : evidence) each = 0;
  if (!warm) {
    const float scale = scale_of(fleet.spread, 0, 1000, fleet.level);
    const float z = fleet.seen < 64 ? 0 : standard(value - fleet.level, scale);
    evidence[kLevel] = capped(square(z));
  }
  if (channel.seen == 0) return;
  reading.deviation = value - channel.level;
  reading.change = static_cast<float>(value - channel.last);
  reading.scale_level = scale_of(channel.variance, fleet.variance, channel.seen, channel.level);
  reading.scale_change = scale_of(channel.change, fleet.change, channel.seen, channel.level);
  reading.scale_residual = scale_of(channel.residual, fleet.residual, channel.seen, channel.level);
  reading.in_momentum = std::clamp(channel.last_change / reading.scale_change, -4.0F, 4.0F);
  reading.in_reversion =
      std::clamp(standard(channel.near - channel.last, reading.scale_change), -6.0F, 6.0F);
  const float forecast = (channel.momentum * reading.in_momentum +
                          channel.reversion * reading.in_reversion) * reading.scale_change;
  reading.residual = reading.change - forecast;
  reading.standard = std::clamp(standard(reading.deviation, reading.scale_level), -kCap, kCap);
  if (!warm) return;
  const float error = standard(static_cast<double>(reading.residual), reading.scale_residual);
  evidence[kLevel] = square(reading.standard);
  evidence[kChange] =
      capped(square(standard(static_cast<double>(reading.change), reading.scale_change)));
  evidence[kForecast] = capped(square(error));
  evidence[kRarity] = rarity(channel, value);
  evidence[kStuck] = capped(stuck(channel, value));
  const float clipped = std::clamp(error, -3.0F, 3.0F);
  const float bias = channel.bias + kBiasMemory * (clipped - channel.bias);
  evidence[kDrift] = capped(square(bias) * (2.0F / kBiasMemory - 1.0F));
  const float energy =
      channel.energy + kEnergyMemory * (std::min(square(error), 16.0F) - channel.energy);
  evidence[kNoise] = capped(square(std::max(0.0F, energy - 1.0F)) * (1.0F / kEnergyMemory - 0.5F));
}

void learn(Channel& channel, Fleet& fleet, const Reading& reading, float rate) {
  learn_fleet(fleet, reading, rate);
  if (channel.seen == 0) {
    channel.level = channel.last = channel.near = reading.value;
    channel.energy = 1;
    channel.repeat = 0.2F;
    channel.seen = 1;
    return;
  }
  const auto n = static_cast<float>(channel.seen);
  const bool young = channel.seen < 16;
  const float limit = young ? 1e15F : kCap * reading.scale_level;
  const auto deviation = static_cast<float>(
      std::clamp(reading.deviation, static_cast<double>(-limit), static_cast<double>(limit)));
  const float a = rate * std::max(1.0F / (n + 1), kLevelMemory);
  const float b = rate * std::max(1.0F / n, kChangeMemory);
  channel.level += static_cast<double>(a * deviation);
  channel.variance = (1.0F - a) * (channel.variance + a * square(deviation));
  const float change_max = young ? 2e15F : kCap * reading.scale_change;
  const float residual_max = young ? 4e15F : kCap * reading.scale_residual;
  const float change = std::clamp(reading.change, -change_max, change_max);
  const float residual = std::clamp(reading.residual, -residual_max, residual_max);
  channel.change += b * (square(change) - channel.change);
  channel.residual += b * (square(residual) - channel.residual);
  if (channel.seen >= 4) learn_forecast(channel, reading, rate);
  const float error = std::clamp(reading.residual / reading.scale_residual, -4.0F, 4.0F);
  channel.bias += kBiasMemory * (std::clamp(error, -3.0F, 3.0F) - channel.bias);
  channel.energy += kEnergyMemory * (square(error) - channel.energy);
  learn_run(channel, reading.value, rate);
  if (channel.seen >= 16) {
    const float step = rate * std::max(1.0F / (fleet.seen + 1), kLevelMemory);
    fleet.variance += step * (square(deviation) - fleet.variance);
    fleet.change += step * (square(change) - fleet.change);
    fleet.residual += step * (square(residual) - fleet.residual);
  }
  channel.last_change = reading.change;
  channel.last = reading.value;
  channel.near += kNearMemory * (reading.value - channel.near);
  if (channel.seen < kSeenMax) ++channel.seen;
  learn_bins(channel, reading, rate);
}

void accept_regime(Channel& channel) {
  channel.seen = std::min(channel.seen, 32U);
  channel.run_longest = std::max(channel.run_longest, static_cast<float>(channel.run));
}

}  // namespace ouzel::detector
