/// Turns a raw strength into a calibrated score: how rare was a row this strong in the recent past
/// of the lane?
///
/// score = 1 - p^(1/4), p the tail probability: 0.44 is p = 0.1, 0.6 is p = 0.0256, 0.9 is
/// p = 1e-4. Below the 98 % quantile p is the share of recent rows that were stronger (a decayed
/// histogram, 16 bins an octave, memory 131,072 rows); beyond it a generalised Pareto tail is
/// fitted by moments (Siffer et al., KDD 2017, without their moving average). Before there is a
/// past, a fixed exponential tail stands in and fades over 4,096 rows.
///
/// Anomalies must not become normal: a row beyond p = 1e-4 counts the less the stronger it is, and
/// as if it stood just beyond. Only where such rows are more than 2 % (fully: 10 %) do they count
/// for what they are: then they are the normal. So do the first 1,024 rows, ever less: a young
/// lane does not know yet what an anomaly is.
///
/// Lives in the lane's state, zero means "nothing seen". The table from strength to score is made
/// anew at fixed row counts, so results depend on the rows alone. Constant time: one logarithm.
#pragma once

#include <cstdint>

namespace ouzel::detector {

inline constexpr unsigned kScoreBins = 256;

struct Calibration {
  float count[kScoreBins];      ///< Decayed; the newest row weighs `weight`.
  float score[kScoreBins + 1];  ///< At the lower edge of each bin.
  float weight;
  float alarms;       ///< Share of rows that score 0.9 or more, long memory.
  float alarm_place;  ///< Place from which a row scores 0.9.
  std::uint32_t rows;
  std::uint32_t reserved;
};

/// A strength ≥ 0 as a place on the axis of bins: 16·log2(1 + strength), below kScoreBins.
float place_of(float strength);
/// Score in [0, 1] of a place.
float score_of(const Calibration& calibration, float place);

/// A row to be learned.
struct Past {
  float place = 0;
  float score = 0;    ///< What score_of gave for it.
  float trust = 1;    ///< Less than 1: one of a run of odd rows.
  float typical = 1;  ///< Strength of a calm row, for the time without a past.
};
void learn(Calibration& calibration, const Past& row);

}  // namespace ouzel::detector
