/// One channel (numeric field) of one key: what is known of it, what is surprising in a new value,
/// and how it learns. Constant time and memory.
///
/// Evidences are squares of standard scores: 9 means "three sigma", whatever the kind; at most
/// kCap². Plain values: all state is POD, zero means "never seen". No errors; every finite value
/// gives finite state (magnitudes beyond 1e15 count as 1e15).
///
/// Sources: exponentially weighted moments (Roberts 1959; Finch 2009); error-correction form of an
/// AR(2) forecast, learned by recursive least squares with forgetting and clipped residuals
/// (Haykin, Adaptive Filter Theory).
#pragma once

#include <algorithm>
#include <cstdint>

namespace ouzel::detector {

enum Kind : std::uint8_t {
  kLevel,
  kChange,
  kForecast,
  kRarity,
  kStuck,
  kDrift,
  kNoise,
  kCorrelation,
  kKinds,
};
inline constexpr float kCap = 20.0F;
inline constexpr unsigned kBins = 64;

/// State of a channel of a key.
struct Channel {
  double level;               ///< Mean with a long memory.
  double last;                ///< Newest value.
  double near;                ///< Mean with a short memory.
  double low;                 ///< Left end of the histogram.
  double bins_per_unit;       ///< 1 / width of a bin; 0: not yet laid out.
  float variance;             ///< Around level.
  float change;               ///< Mean square of differences.
  float residual;             ///< Mean square of forecast errors.
  float momentum, reversion;  ///< Weights of the forecast.
  float p00, p01, p11;        ///< Their inverse information, RLS.
  float last_change;
  float bias;    ///< Mean of standardised forecast errors.
  float energy;  ///< Mean square of them, short memory.
  float repeat;  ///< Share of values equal to the one before.
  float run_longest;
  std::uint32_t run;    ///< How often the newest value came again.
  std::uint32_t seen;   ///< Values learned; falls when a new regime is accepted.
  std::uint32_t total;  ///< Σ bins
  std::uint16_t bins[kBins];
};

/// What the lane knows of a channel over all keys: the prior of a new key.
struct Fleet {
  double level;
  float spread;                      ///< Variance over all keys, around level.
  float variance, change, residual;  ///< Means over keys of the fields of Channel.
  float seen;
  float reserved;
};

/// Of one row: handed from judge to learn. Of a channel's first value only `value` is set.
struct Reading {
  double value;
  double deviation;  ///< From level.
  float change;      ///< From last.
  float residual;    ///< From the forecast.
  float error;       ///< Residual by its scale, within ±kCap.
  float in_momentum, in_reversion;
  float scale_level, scale_change, scale_residual;
  float per_change;  ///< 1 / scale_change
  bool present;      ///< Set by the caller: the row has a value here.
};

/// Squares of evidences of one value.
using Evidence = float[kKinds];

/// Judges `value` (finite) before it is learned; fills `reading` and `evidence` (kCorrelation: 0).
/// A key that is not `warm` is measured against the fleet.
void judge(const Channel& channel, const Fleet& fleet, double value, bool warm, Reading& reading,
           Evidence& evidence);
/// Learns the judged value. `rate` 1: fully; less: a suspicious row.
void learn(Channel& channel, Fleet& fleet, const Reading& reading, float rate);
/// Makes the channel learn fast again: what lasts is the new normal.
void accept_regime(Channel& channel);

}  // namespace ouzel::detector
