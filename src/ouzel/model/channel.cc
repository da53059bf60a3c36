#include "ouzel/model/channel.h"

#include <cmath>
#include <cstring>

#include "ouzel/model/scalar_math.h"

namespace ouzel::detector {
namespace {

constexpr double kValueMax = 1e15;
constexpr float kLevelMemory = 1.0F / 65536;
constexpr float kChangeMemory = 1.0F / 1024;
constexpr float kFleetMemory = 1.0F / 4096;
constexpr float kRunMemory = 1.0F / 4096;
constexpr double kNearMemory = 1.0 / 24;
constexpr float kBiasMemory = 1.0F / 32;
constexpr float kEnergyMemory = 1.0F / 16;
constexpr float kEnergyFreedom = 2.0F / kEnergyMemory - 1.0F;  ///< Of chi-square.
constexpr float kForget = 1.0F - 1.0F / 512;
constexpr float kRemember = 1.0F / kForget;
/// Fisher's square root of chi-square: sqrt(2·x) is normal around this, with variance 1.
const float kEnergyTypical = std::sqrt(2.0F * kEnergyFreedom - 1.0F);
constexpr float kErrorMax = 3.0F;      ///< Clip of what bias and energy take in.
constexpr float kOutlierMax = 8.0F;    ///< Clip of what level and variance take in.
constexpr float kPriorWeight = 8.0F;   ///< Rows that the fleet's word is worth.
constexpr float kFleetOutlier = 8.0F;  ///< Clip, in its own scales.
constexpr float kFleetKnown = 64.0F;   ///< Rows from which the fleet has a word.
constexpr std::uint32_t kSeenMax = 1U << 30;
constexpr std::uint32_t kYoung = 16;  ///< Values before outliers can be told.
constexpr std::uint32_t kLayOutAt = 12;
constexpr float kGrowRate = 1.0F;  ///< Only rows that are fully trusted widen the range.
constexpr std::uint32_t kTotalMax = 8192;
constexpr float kSquareMax = kCap * kCap;
constexpr std::uint32_t kAcceptedSeen = 512;  ///< Of a channel whose new regime is accepted.

float square(float x) { return x * x; }
float capped(float z_square) { return lower_of(z_square, kSquareMax); }

/// Scale from the channel's own mean square and the fleet's, which counts for `prior`, and no less
/// than `floor`.
float scale_of(float own, float fleet, float prior, float floor) {
  return upper_of(std::sqrt(own + prior * (fleet - own)), floor);
}
float floor_of(double level) { return static_cast<float>(std::abs(level) * 1e-6 + 1e-12); }

float bounded(double x) { return static_cast<float>(within(x, -1e4, 1e4)); }

int bin_of(const Channel& channel, double value) {
  const double at = (value - channel.low) * channel.bins_per_unit;
  return static_cast<int>(within(at, 0.0, static_cast<double>(kBins - 1)));
}

/// Mass of all bins as empty as this one, as a p-value; then as a square of a standard score.
float rarity(const Channel& channel, double value) {
  if (channel.bins_per_unit <= 0 || channel.total < 64) return 0;
  const int bin = bin_of(channel, value);
  const std::uint32_t count = channel.bins[bin];
  if (count * 64 > channel.total) return 0;
  const std::uint32_t left = bin > 0 ? channel.bins[bin - 1] : 0;
  const std::uint32_t right = bin + 1 < static_cast<int>(kBins) ? channel.bins[bin + 1] : 0;
  const auto limit = static_cast<std::uint16_t>(upper_of(count, lower_of(left, right)));
  std::uint32_t mass = 0;
  for (const std::uint16_t other : channel.bins) mass += other <= limit ? other : 0;
  const float p = (static_cast<float>(mass) + 1.0F) / (static_cast<float>(channel.total) + 1.0F);
  return upper_of(0.0F, -2.0F * log_of(p));
}

/// A run of equal values, geometric under the learned share of repeats, beyond the longest known.
float stuck(const Channel& channel, double value) {
  if (value != channel.last || channel.seen < 2) return 0;
  const float beyond = static_cast<float>(channel.run + 1) - channel.run_longest;
  if (beyond < 2) return 0;
  const float share = within(channel.repeat, 0.02F, 0.9995F);
  return -2.0F * beyond * log_of(share);
}

void merge_bins(Channel& channel, bool grow_left) {
  std::uint16_t merged[kBins] = {};
  const unsigned at = grow_left ? kBins / 2 : 0;
  for (unsigned i = 0; i < kBins; i += 2) {
    const unsigned sum = channel.bins[i] + channel.bins[i + 1];
    merged[at + i / 2] = static_cast<std::uint16_t>(lower_of(sum, 65535U));
  }
  if (grow_left) channel.low -= kBins / channel.bins_per_unit;
  channel.bins_per_unit /= 2;
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
  const bool finest = channel.bins_per_unit * (1 + std::abs(channel.level)) >= 1e9;
  if (last - first >= kBins / 4 || finest) return;
  const unsigned begin = within((first + last) / 2, kBins / 4, 3 * kBins / 4) - kBins / 4;
  std::uint16_t split[kBins];
  channel.total = 0;
  for (unsigned i = 0; i < kBins; ++i) {
    const std::uint16_t whole = channel.bins[begin + i / 2];
    split[i] = static_cast<std::uint16_t>(i % 2 == 0 ? (whole + 1) / 2 : whole / 2);
    channel.total += split[i];
  }
  channel.low += begin / channel.bins_per_unit;
  channel.bins_per_unit *= 2;
  std::memcpy(channel.bins, split, sizeof split);
}

void learn_bins(Channel& channel, const Reading& reading, float rate) {
  if (channel.bins_per_unit <= 0) {
    if (channel.seen < kLayOutAt) return;
    const double half = 4.0 * static_cast<double>(reading.scale_level);
    channel.low = channel.level - half;
    channel.bins_per_unit = kBins / upper_of(2 * half, 1e-10);
  }
  if (rate >= kGrowRate && channel.bins_per_unit > 1e-14) {
    const double at = (reading.value - channel.low) * channel.bins_per_unit;
    if (at < 0) merge_bins(channel, true);
    if (at >= kBins) merge_bins(channel, false);
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
  const float error = rate * within(reading.residual, -limit, limit) * reading.per_change;
  channel.momentum = within(channel.momentum + gain * pa * error, -2.0F, 2.0F);
  channel.reversion = within(channel.reversion + gain * pb * error, -1.0F, 2.0F);
  if (rate < 1.0F) return;
  const float q00 = (channel.p00 - gain * pa * pa) * kRemember;
  const float q01 = (channel.p01 - gain * pa * pb) * kRemember;
  const float q11 = (channel.p11 - gain * pb * pb) * kRemember;
  const bool sound =
      q00 > 1e-8F && q11 > 1e-8F && q00 < 4.0F && q11 < 4.0F && q01 * q01 < q00 * q11;
  channel.p00 = sound ? q00 : within(channel.p00, 1e-3F, 1.0F);
  channel.p11 = sound ? q11 : within(channel.p11, 1e-3F, 1.0F);
  channel.p01 = sound ? q01 : 0.0F;
}

void learn_run(Channel& channel, double value, float step) {
  if (value == channel.last) {
    ++channel.run;
  } else {
    const auto run = static_cast<float>(channel.run);
    channel.run_longest = upper_of(channel.run_longest * (1.0F - kRunMemory), run);
    channel.run = 0;
  }
  channel.repeat += step * ((channel.run > 0 ? 1.0F : 0.0F) - channel.repeat);
}

/// One key cannot take the fleet with it: what it adds is bounded by what the fleet knows.
void learn_fleet(Fleet& fleet, double value, float step) {
  fleet.seen = lower_of(fleet.seen + 1, 1e6F);
  const float known = kFleetOutlier * std::sqrt(fleet.spread) + 1e-12F;
  const double limit = fleet.seen < kFleetKnown ? 2e15 : static_cast<double>(known);
  const double apart = within(value - fleet.level, -limit, limit);
  fleet.level += static_cast<double>(step) * apart;
  fleet.spread = (1.0F - step) * (fleet.spread + step * static_cast<float>(apart * apart));
}

/// Squares of what one value adds to the moments, outliers clipped.
struct Squares {
  float deviation, change, residual;
};

void learn_fleet_scales(Fleet& fleet, const Squares& squares, float step) {
  const bool known = fleet.seen >= kFleetKnown;
  const float rest = 1e-6F * fleet.spread + 1e-24F;
  const auto toward = [&](float& mean, float next) {
    const float limit = square(kFleetOutlier) * (mean + rest);
    mean += step * ((known ? lower_of(next, limit) : next) - mean);
  };
  toward(fleet.variance, squares.deviation);
  toward(fleet.change, squares.change);
  toward(fleet.residual, squares.residual);
}

/// Fills all of `reading` but value and present.
void forecast(const Channel& channel, const Fleet& fleet, Reading& reading) {
  reading.deviation = reading.value - channel.level;
  reading.change = static_cast<float>(reading.value - channel.last);
  const float prior = kPriorWeight / (static_cast<float>(channel.seen) + kPriorWeight);
  const float floor = floor_of(channel.level);
  reading.scale_level = scale_of(channel.variance, fleet.variance, prior, floor);
  reading.scale_change = scale_of(channel.change, fleet.change, prior, floor);
  reading.scale_residual = scale_of(channel.residual, fleet.residual, prior, floor);
  reading.per_change = 1.0F / reading.scale_change;
  reading.in_momentum = within(channel.last_change * reading.per_change, -4.0F, 4.0F);
  const auto away = static_cast<float>(channel.near - channel.last);
  reading.in_reversion = within(away * reading.per_change, -25.0F, 25.0F);
  const float step =
      channel.momentum * reading.in_momentum + channel.reversion * reading.in_reversion;
  reading.residual = reading.change - step * reading.scale_change;
  reading.error = within(reading.residual / reading.scale_residual, -kCap, kCap);
}

}  // namespace

void judge(const Channel& channel, const Fleet& fleet, double value, bool warm, Reading& reading,
           Evidence& evidence) {
  value = within(value, -kValueMax, kValueMax);
  reading.value = value;
  reading.error = 0;
  for (float& each : evidence) each = 0;
  if (!warm && fleet.seen >= kFleetKnown) {
    const float scale = scale_of(fleet.spread, 0, 0, floor_of(fleet.level));
    evidence[kLevel] = capped(square(bounded((value - fleet.level) / static_cast<double>(scale))));
  }
  if (channel.seen == 0) return;
  forecast(channel, fleet, reading);
  if (!warm) return;
  evidence[kLevel] = capped(square(static_cast<float>(reading.deviation) / reading.scale_level));
  evidence[kChange] = capped(square(reading.change * reading.per_change));
  evidence[kForecast] = square(reading.error);
  evidence[kRarity] = rarity(channel, value);
  evidence[kStuck] = capped(stuck(channel, value));
  const float error = within(reading.error, -kErrorMax, kErrorMax);
  const float bias = channel.bias + kBiasMemory * (error - channel.bias);
  evidence[kDrift] = square(bias) * (2.0F / kBiasMemory - 1.0F);
  const float energy = channel.energy + kEnergyMemory * (square(error) - channel.energy);
  const float loud = std::sqrt(2.0F * kEnergyFreedom * energy) - kEnergyTypical;
  evidence[kNoise] = square(upper_of(0.0F, loud));
}

void learn(Channel& channel, Fleet& fleet, const Reading& reading, float rate) {
  const float fleet_step = rate * upper_of(1.0F / (fleet.seen + 1), kFleetMemory);
  learn_fleet(fleet, reading.value, fleet_step);
  if (channel.seen == 0) {
    channel.level = channel.last = channel.near = reading.value;
    channel.energy = 1;
    channel.repeat = 0.2F;
    channel.seen = 1;
    return;
  }
  const bool young = channel.seen < kYoung;
  const float limit = young ? 2e15F : kOutlierMax * reading.scale_level;
  const auto deviation = static_cast<float>(
      within(reading.deviation, static_cast<double>(-limit), static_cast<double>(limit)));
  const float change_max = young ? 2e15F : kOutlierMax * reading.scale_change;
  const float residual_max = young ? 4e15F : kOutlierMax * reading.scale_residual;
  const Squares squares{.deviation = square(deviation),
                        .change = square(within(reading.change, -change_max, change_max)),
                        .residual = square(within(reading.residual, -residual_max, residual_max))};
  const float newest = 1.0F / static_cast<float>(channel.seen + 1);
  const float a = rate * upper_of(newest, kLevelMemory);
  const float b = rate * upper_of(newest, kChangeMemory);
  channel.level += static_cast<double>(a * deviation);
  channel.variance = (1.0F - a) * (channel.variance + a * squares.deviation);
  channel.change += b * (squares.change - channel.change);
  channel.residual += b * (squares.residual - channel.residual);
  if (channel.seen >= 4) learn_forecast(channel, reading, rate);
  const float error = within(reading.error, -kErrorMax, kErrorMax);
  channel.bias += kBiasMemory * (error - channel.bias);
  channel.energy += kEnergyMemory * (square(error) - channel.energy);
  learn_run(channel, reading.value, b);
  if (!young) learn_fleet_scales(fleet, squares, fleet_step);
  channel.last_change = reading.change;
  channel.last = reading.value;
  channel.near += kNearMemory * (reading.value - channel.near);
  if (channel.seen < kSeenMax) ++channel.seen;
  learn_bins(channel, reading, rate);
}

void accept_regime(Channel& channel) {
  channel.seen = lower_of(channel.seen, kAcceptedSeen);
  channel.run_longest = upper_of(channel.run_longest, static_cast<float>(channel.run));
}

}  // namespace ouzel::detector
