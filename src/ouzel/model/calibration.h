/// Turns a raw score into a calibrated score: how rare was a raw score this high in the recent past
/// of the lane?
///
/// score = 1 - p^(1/4), p the tail probability: 0.44 is p = 0.1, 0.6 is p = 0.0256, 0.9 is
/// p = 1e-4. Below the 98 % quantile p is the share of recent raw scores above (a decayed
/// histogram, 16 bins an octave); beyond it a generalised Pareto tail is fitted by moments
/// (Siffer et al., KDD 2017, without their moving average). Before there is a past, a fixed
/// exponential tail stands in and fades.
///
/// Lives in the lane's state, zero means "nothing seen". The table from raw score to score is made
/// anew at fixed row counts, so results depend on the rows alone. Constant time: one logarithm.
#pragma once

#include <cstdint>

namespace ouzel::detector {

inline constexpr unsigned kScoreBins = 256;

struct Calibration {
  float count[kScoreBins];      ///< Decayed; newest weigh `weight`.
  float score[kScoreBins + 1];  ///< At the lower edge of each bin.
  float weight;
  float alarms;                 ///< Share of rows beyond p = 1e-4, long memory.
  std::uint32_t rows;
  std::uint32_t reserved[2];
};

/// `raw` ≥ 0 to a place on the axis of bins: 16·log2(1 + raw), below kScoreBins.
float place_of(float raw);
/// Score in [0, 1] of a place. `typical` is the raw score a calm row has, for the time without past.
float score_of(const Calibration& calibration, float place);
/// Adds a place to the past. Rows beyond p = 1e-4 weigh little, so that anomalies do not become
/// normal, unless they are so many that they are the normal.
void learn(Calibration& calibration, float place, float score, float typical);

}  // namespace ouzel::detector
