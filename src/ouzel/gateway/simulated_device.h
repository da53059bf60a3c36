/// A simulated sensor device: what it measures, and what is wrong with it from time to time.
///
/// Values, no I/O, one thread. Each channel is a baseline of the device's own, plus a daily season,
/// a slow wander, a share in one common load that all channels feel (so they are correlated), plus
/// noise. All but the noise is a function of device and time, so a device that is played on later
/// goes on without a jump. Lengths are in events of the device, sizes in standard deviations of the
/// channel's noise. About 250 ns an event: eight sines and four normal numbers.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "ouzel/base/random.h"

namespace ouzel {

inline constexpr std::size_t kChannels = 4;

struct ChannelLimits {
  std::string_view name;
  double min = 0;
  double max = 0;
  int decimals = 2;
};
/// In the order of a payload. Units: celsius, percent, bar, mm/s. Values never leave the limits.
inline constexpr std::array<ChannelLimits, kChannels> kChannelLimits{{
    {"temperature", -40, 150, 2},
    {"humidity", 0, 100, 2},
    {"pressure", 0, 20, 3},
    {"vibration", 0, 100, 3},
}};

enum class AnomalyKind : std::uint8_t {
  none,
  spike,               ///< One value far off.
  level_shift,         ///< A channel jumps and stays there for the time of the anomaly.
  drift,               ///< A channel creeps away, ever farther.
  stuck,               ///< A channel repeats one value.
  noise_burst,         ///< A channel's noise is many times as large.
  broken_correlation,  ///< A channel answers the common load the wrong way round.
};
inline constexpr std::size_t kAnomalyKinds = 7;
std::string_view to_string(AnomalyKind kind);

/// Each device is sound at first, so that there is a normal to learn.
inline constexpr std::uint32_t kSettleEvents = 60;
/// How many events of the device an anomaly of this kind lasts.
std::uint32_t anomaly_events(AnomalyKind kind);
/// Mean of that over the kinds, which are equally likely.
double anomaly_events_mean();

/// The anomaly that a device is in.
struct Anomaly {
  AnomalyKind kind = AnomalyKind::none;
  std::uint8_t channel = 0;
  std::uint32_t at = 0;  ///< Events of it so far.
  double size = 0;       ///< In standard deviations of the noise, with sign.
  double held = 0;       ///< Of `stuck`: the repeated value.
};

/// A change of the world that all devices feel; see SimulatedDrift.
using ChannelShift = std::array<double, kChannels>;

struct DeviceTime {
  double day = 0;     ///< Time of day in [0, 1).
  double events = 0;  ///< Time since the epoch in intervals between two events of a device.
};

class SimulatedDevice {
 public:
  /// Draws the device's character. The noise of its readings comes from another Random.
  explicit SimulatedDevice(Random& character);

  /// The next reading. `start_chance` is how likely an anomaly starts at this event if none is
  /// going on; never within the first kSettleEvents.
  std::array<double, kChannels> next(const DeviceTime& time, const ChannelShift& shift,
                                     double start_chance, Random& noise);
  /// Of the reading that `next` returned last; kind none if it was sound.
  const Anomaly& anomaly() const { return anomaly_; }

 private:
  /// A sine of unit variance.
  struct Wave {
    double period = 1, phase = 0;  ///< In events; in periods.
    double at(double events) const;
  };
  struct Channel {
    double base = 0, noise = 0, season = 0, load = 0;
    Wave wander;
  };
  void advance_anomaly(double start_chance, Random& noise);
  double distort(std::size_t channel, double value, Random& noise);

  std::array<Channel, kChannels> channels_;
  double phase_ = 0;           ///< Of the season, in days.
  std::array<Wave, 3> loads_;  ///< Their sum is the common load, made to unit variance.
  double load_ = 0;            ///< The common load now.
  std::uint32_t events_ = 0;
  Anomaly anomaly_;
};

}  // namespace ouzel
