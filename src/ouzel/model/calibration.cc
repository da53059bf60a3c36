#include "ouzel/model/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "ouzel/model/scalar_math.h"

namespace ouzel::detector {
namespace {

constexpr float kBinsPerOctave = 16.0F;
constexpr float kGrowth = 1.0F + 1.0F / 131072;  ///< Of the weight of a row, so of its memory.
constexpr float kTail = 0.02F;
constexpr float kPriorRows = 128.0F;
constexpr std::uint32_t kPriorFades = 4096;
constexpr float kYouth = 1024;  ///< Rows until anomalies can be told.
constexpr std::uint32_t kRowsMax = 1U << 30;
constexpr float kAlarmScore = 0.9F;
constexpr float kAlarmMemory = 1.0F / 16384;
constexpr float kAlarmShareMin = 0.02F;
constexpr float kAlarmShareMax = 0.10F;
constexpr float kTrustMin = 0.02F;
constexpr float kBeyondMax = 8.0F;  ///< Bins beyond alarm_place where such a row counts at most.
/// Bounds of the tail's shape. Never bounded (< 0), so that scores keep their order to the end.
constexpr float kShapeMin = 0.05F;
constexpr float kShapeMax = 0.5F;

/// Strength at the lower edge of bin i: 2^(i/16) - 1.
constexpr auto kEdges = [] {
  std::array<float, kScoreBins + 1> out{};
  double power = 1;
  for (float& edge : out) {
    edge = static_cast<float>(power - 1);
    power *= 1.0442737824274138;  // 2^(1/16)
  }
  return out;
}();

float middle_of(unsigned bin) { return 0.5F * (kEdges[bin] + kEdges[bin + 1]); }

/// The generalised Pareto tail beyond a threshold.
struct Tail {
  float begin = 0;  ///< Strength.
  float share = 0;  ///< Probability at `begin`.
  float scale = 1;
  float shape = kShapeMin;
  float probability(float strength) const {
    const float at = upper_of(strength - begin, 0.0F) / scale;
    return share * exp2_of(-log2_of(1.0F + shape * at) / shape);
  }
};

struct Masses {
  float of[kScoreBins];
  float total = 0;
};

/// The counts, with what is left of the prior tail.
Masses masses_of(const Calibration& calibration, float typical) {
  Masses masses;
  const float scale = 1.0F / calibration.weight;
  for (unsigned i = 0; i < kScoreBins; ++i) masses.of[i] = calibration.count[i] * scale;
  if (calibration.rows < kPriorFades) {
    const float gone = static_cast<float>(calibration.rows) / static_cast<float>(kPriorFades);
    const float prior = kPriorRows * (1.0F - gone);
    float above = 1;
    for (unsigned i = 0; i < kScoreBins; ++i) {
      const float next = exp_of(-kEdges[i + 1] / typical);
      masses.of[i] += prior * (above - next);
      above = next;
    }
  }
  for (const float mass : masses.of) masses.total += mass;
  return masses;
}

Tail fit_tail(const Masses& masses, unsigned begin, float share) {
  Tail tail{.begin = kEdges[begin], .share = share};
  float mass = 0;
  float sum = 0;
  float squares = 0;
  for (unsigned i = begin; i < kScoreBins; ++i) {
    const float excess = middle_of(i) - tail.begin;
    mass += masses.of[i];
    sum += masses.of[i] * excess;
    squares += masses.of[i] * excess * excess;
  }
  if (mass < 4 || sum <= 0) return tail;
  const float mean = sum / mass;
  const float variance = upper_of(squares / mass - mean * mean, 0.01F * mean * mean);
  tail.shape = within(0.5F * (1.0F - mean * mean / variance), kShapeMin, kShapeMax);
  tail.scale = upper_of(mean * (1.0F - tail.shape), 1e-3F);
  return tail;
}

void refresh(Calibration& calibration, float typical) {
  const Masses masses = masses_of(calibration, typical);
  unsigned begin = kScoreBins;
  float above = 0;
  while (begin > 1 && above + masses.of[begin - 1] <= kTail * masses.total) {
    above += masses.of[--begin];
  }
  const Tail tail = fit_tail(masses, begin, above / masses.total);
  float last = 0;
  float left = masses.total;
  unsigned alarm = kScoreBins;
  for (unsigned i = 0; i <= kScoreBins; ++i) {
    const float p = i < begin ? left / masses.total : tail.probability(kEdges[i]);
    if (i < kScoreBins) left -= masses.of[i];
    last = upper_of(last, 1.0F - std::sqrt(std::sqrt(within(p, 0.0F, 1.0F))));
    calibration.score[i] = last;
    if (last >= kAlarmScore) alarm = lower_of(alarm, i);
  }
  calibration.alarm_place = static_cast<float>(alarm);
}

/// Powers of two at first, then every 256 rows, later every 1,024.
bool refresh_due(std::uint32_t rows) {
  if (rows < 256) return (rows & (rows - 1)) == 0;
  return rows % (rows < 8192 ? 256 : 1024) == 0;
}

}  // namespace

float place_of(float strength) {
  return lower_of(kBinsPerOctave * log2_of(1.0F + strength),
                  static_cast<float>(kScoreBins) - 0.01F);
}

float score_of(const Calibration& calibration, float place) {
  const auto bin = static_cast<unsigned>(place);
  const float low = calibration.score[bin];
  return low + (calibration.score[bin + 1] - low) * (place - static_cast<float>(bin));
}

void learn(Calibration& calibration, const Past& row) {
  if (calibration.rows == 0) {
    calibration.weight = 1;
    calibration.alarm_place = kScoreBins;
  }
  const float alarm = row.score >= kAlarmScore ? 1.0F : 0.0F;
  calibration.alarms += kAlarmMemory * (alarm - calibration.alarms);
  const float normal = upper_of(
      within((calibration.alarms - kAlarmShareMin) / (kAlarmShareMax - kAlarmShareMin), 0.0F, 1.0F),
      1.0F - static_cast<float>(calibration.rows) / kYouth);
  float place = row.place;
  float trust = row.trust;
  if (place > calibration.alarm_place) {
    const float octaves = (place - calibration.alarm_place) / kBinsPerOctave;
    trust = upper_of(exp2_of(-2.0F * octaves), kTrustMin);
    const float just_beyond = lower_of(calibration.alarm_place + kBeyondMax, kScoreBins - 0.01F);
    if (normal <= 0) place = lower_of(place, just_beyond);
  }
  trust = upper_of(trust, normal);
  calibration.count[static_cast<unsigned>(place)] += calibration.weight * trust;
  calibration.weight *= kGrowth;
  if (++calibration.rows >= kRowsMax) calibration.rows = kRowsMax / 2;
  if (!refresh_due(calibration.rows)) return;
  if (calibration.weight > 1e6F) {
    for (float& count : calibration.count) count /= calibration.weight;
    calibration.weight = 1;
  }
  refresh(calibration, row.typical);
}

}  // namespace ouzel::detector
