#include "ouzel/gateway/simulated_device.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ouzel {
namespace {

struct KindInfo {
  std::string_view name;
  std::uint32_t events = 0;
  double size_min = 0, size_max = 0;
};
/// Load, wander and noise together make a channel's spread about 3.4 times its noise.
constexpr std::array<KindInfo, kAnomalyKinds> kKinds{{
    {"none", 0, 0, 0},
    {"spike", 1, 15, 30},
    {"level_shift", 20, 12, 24},
    {"drift", 30, 15, 30},
    {"stuck", 20, 0, 0},
    {"noise_burst", 15, 8, 16},
    {"broken_correlation", 20, 0, 0},
}};

/// What kinds of device there are: range of baseline, noise, season, and the load's effect in
/// standard deviations of the noise.
struct ChannelCharacter {
  double base_min, base_max, noise_min, noise_max, season_min, season_max, load;
};
constexpr std::array<ChannelCharacter, kChannels> kCharacters{{
    {35, 75, 0.2, 0.5, 1, 5, 2.5},
    {35, 60, 0.4, 1.0, -8, -2, -2.5},
    {4, 9, 0.03, 0.08, 0.05, 0.2, 2.0},
    {2, 8, 0.1, 0.3, 0.2, 0.8, 2.0},
}};

constexpr double kWanderSigma = 2.0;  ///< Spread of the wander in units of the noise.

double between(double low, double high, Random& random) {
  return low + (high - low) * random.uniform();
}

/// Periods in events.
struct Periods {
  double min, max;
};
constexpr std::array<Periods, 3> kLoadPeriods{{{50, 200}, {200, 1000}, {1000, 5000}}};
constexpr Periods kWanderPeriods{5000, 50'000};

}  // namespace

double SimulatedDevice::Wave::at(double events) const {
  const double periods = events / period + phase;
  return std::numbers::sqrt2 * std::sin(2 * std::numbers::pi * (periods - std::floor(periods)));
}

std::string_view to_string(AnomalyKind kind) { return kKinds[static_cast<std::size_t>(kind)].name; }

std::uint32_t anomaly_events(AnomalyKind kind) {
  return kKinds[static_cast<std::size_t>(kind)].events;
}

double anomaly_events_mean() {
  double sum = 0;
  for (const KindInfo& kind : kKinds) sum += kind.events;
  return sum / static_cast<double>(kAnomalyKinds - 1);
}

SimulatedDevice::SimulatedDevice(Random& character) {
  for (std::size_t i = 0; i < kChannels; ++i) {
    const ChannelCharacter& of = kCharacters[i];
    Channel& channel = channels_[i];
    channel.base = between(of.base_min, of.base_max, character);
    channel.noise = between(of.noise_min, of.noise_max, character);
    channel.season = between(of.season_min, of.season_max, character);
    channel.load = of.load * channel.noise;
    channel.wander = {between(kWanderPeriods.min, kWanderPeriods.max, character),
                      character.uniform()};
  }
  phase_ = between(0, 0.2, character);
  for (std::size_t i = 0; i < loads_.size(); ++i) {
    loads_[i] = {between(kLoadPeriods[i].min, kLoadPeriods[i].max, character), character.uniform()};
  }
}

void SimulatedDevice::advance_anomaly(double start_chance, Random& noise) {
  if (anomaly_.kind != AnomalyKind::none) {
    if (++anomaly_.at < anomaly_events(anomaly_.kind)) return;
    anomaly_ = {};
  }
  if (!noise.chance(start_chance) || events_ <= kSettleEvents) return;
  anomaly_.kind = static_cast<AnomalyKind>(1 + noise.below(kAnomalyKinds - 1));
  anomaly_.channel = static_cast<std::uint8_t>(noise.below(kChannels));
  const KindInfo& info = kKinds[static_cast<std::size_t>(anomaly_.kind)];
  anomaly_.size = between(info.size_min, info.size_max, noise) * (noise.chance(0.5) ? 1 : -1);
}

/// `value` as the anomaly of this channel changes it.
double SimulatedDevice::distort(std::size_t channel, double value, Random& noise) {
  const Channel& of = channels_[channel];
  switch (anomaly_.kind) {
    case AnomalyKind::none: return value;
    case AnomalyKind::spike:
    case AnomalyKind::level_shift: return value + anomaly_.size * of.noise;
    case AnomalyKind::drift:
      return value +
             anomaly_.size * of.noise * (anomaly_.at + 1) / anomaly_events(AnomalyKind::drift);
    case AnomalyKind::stuck:
      if (anomaly_.at == 0) anomaly_.held = value;
      return anomaly_.held;
    case AnomalyKind::noise_burst: return value + anomaly_.size * of.noise * noise.normal();
    case AnomalyKind::broken_correlation:
      // The mirrored load keeps the channel's own distribution: only the others give it away.
      return value - 2 * of.load * load_;
  }
  return value;
}

std::array<double, kChannels> SimulatedDevice::next(const DeviceTime& time,
                                                    const ChannelShift& shift, double start_chance,
                                                    Random& noise) {
  ++events_;
  advance_anomaly(start_chance, noise);
  load_ = 0;
  for (const Wave& wave : loads_) load_ += wave.at(time.events) / std::numbers::sqrt3;
  const double season = std::sin(2 * std::numbers::pi * (time.day + phase_));
  std::array<double, kChannels> out{};
  for (std::size_t i = 0; i < kChannels; ++i) {
    const Channel& channel = channels_[i];
    const double wander = kWanderSigma * channel.wander.at(time.events);
    double value = channel.base + channel.season * season + channel.load * load_ +
                   channel.noise * (wander + noise.normal() + shift[i]);
    if (i == anomaly_.channel) value = distort(i, value, noise);
    out[i] = std::clamp(value, kChannelLimits[i].min, kChannelLimits[i].max);
  }
  return out;
}

}  // namespace ouzel
