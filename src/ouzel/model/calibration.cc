#include "ouzel/model/calibration.h"

#include <algorithm>
#include <cmath>

#include "ouzel/model/scalar_math.h"

namespace ouzel::detector {
namespace {

constexpr float kBinsPerOctave = 16.0F;
constexpr float kGrowth = 1.0F + 1.0F / 32768;   ///< Of the weight of a row: memory 32768 rows.
constexpr float kTail = 0.02F;
constexpr float kPriorRows = 128.0F;
constexpr std::uint32_t kPriorFades = 4096;
constexpr std::uint32_t kRefreshRows = 256;
constexpr std::uint32_t kRowsMax = 1U << 30;
constexpr float kAlarmScore = 0.9F;
constexpr float kAlarmMemory = 1.0F / 16384;
constexpr float kAlarmShareMax = 0.01F;
constexpr float kShapeMax = 0.5F;
constexpr float kShapeMin = -0.1F;

float raw_of(float place) { return exp2_of(place / kBinsPerOctave) - 1.0F; }

/// The generalised Pareto tail beyond a threshold.
struct Tail {
  float begin = 0;   ///< Raw score.
  float share = 0;   ///< Probability at `begin`.
  float scale = 1;
  float shape = 0;
  float probability(float raw) const {
    const float at = std::max(raw - begin, 0.0F) / scale;
    if (std::abs(shape) < 0.01F) return share * exp_of(-at);
    const float base = 1.0F + shape * at;
    if (base <= 1e-6F) return 0;
    return share * exp_of(-log_of(base) / shape);
  }
};

struct Past {
  float mass[kScoreBins];
  float total = 0;
};

Past past_of(const Calibration& calibration, float typical) {
  Past past;
  const float prior = calibration.rows >= kPriorFades
                          ? 0.0F
                          : kPriorRows * (1.0F - static_cast<float>(calibration.rows) /
                                                     static_cast<float>(kPriorFades));
  float above = 1;
  const float scale = calibration.weight > 0 ? 1.0F / calibration.weight : 0.0F;
  for (unsigned i = 0; i < kScoreBins; ++i) {
    const float next = exp_of(-raw_of(static_cast<float>(i + 1)) / typical);
    past.mass[i] = calibration.count[i] * scale + prior * (above - next);
    past.total += past.mass[i];
    above = next;
  }
  return past;
}

Tail fit_tail(const Past& past, unsigned begin, float share) {
  Tail tail{.begin = raw_of(static_cast<float>(begin)), .share = share, .scale = 1, .shape = 0};
  float mass = 0;
  float sum = 0;
  float squares = 0;
  for (unsigned i = begin; i < kScoreBins; ++i) {
    const float excess = raw_of(static_cast<float>(i) + 0.5F) - tail.begin;
    mass += past.mass[i];
    sum += past.mass[i] * excess;
    squares += past.mass[i] * excess * excess;
  }
  if (mass < 4 || sum <= 0) return tail;
  const float mean = sum / mass;
  const float variance = std::max(squares / mass - mean * mean, 0.01F * mean * mean);
  const float ratio = mean * mean / variance;
  tail.shape = std::clamp(0.5F * (1.0F - ratio), kShapeMin, kShapeMax);
  tail.scale = std::max(mean * (1.0F - tail.shape), 1e-3F);
  return tail;
}

void refresh(Calibration& calibration, float typical) {
  const Past past = past_of(calibration, typical);
  unsigned begin = kScoreBins;
  float above = 0;
  while (begin > 1 && above + past.mass[begin - 1] <= kTail * past.total) {
    above += past.mass[--begin];
  }
  const Tail tail = fit_tail(past, begin, above / past.total);
  float last = 0;
  float left = past.total;
  for (unsigned i = 0; i <= kScoreBins; ++i) {
    const float p = i < begin ? left / past.total : tail.probability(raw_of(static_cast<float>(i)));
    if (i < kScoreBins) left -= past.mass[i];
    const float score = 1.0F - std::sqrt(std::sqrt(std::clamp(p, 0.0F, 1.0F)));
    last = std::max(last, score);
    calibration.score[i] = last;
  }
}

}  // namespace

float place_of(float raw) {
  return std::min(kBinsPerOctave * log2_of(1.0F + raw), static_cast<float>(kScoreBins) - 0.01F);
}

float score_of(const Calibration& calibration, float place) {
  const auto bin = static_cast<unsigned>(place);
  const float low = calibration.score[bin];
  return low + (calibration.score[bin + 1] - low) * (place - static_cast<float>(bin));
}

void learn(Calibration& calibration, float place, float score, float typical) {
  if (calibration.weight <= 0) calibration.weight = 1;
  const bool alarm = score >= kAlarmScore;
  calibration.alarms += kAlarmMemory * ((alarm ? 1.0F : 0.0F) - calibration.alarms);
  const float trust = alarm ? std::clamp(calibration.alarms / kAlarmShareMax, 0.05F, 1.0F) : 1.0F;
  calibration.count[static_cast<unsigned>(place)] += calibration.weight * trust;
  calibration.weight *= kGrowth;
  ++calibration.rows;
  const bool young = calibration.rows < kRefreshRows;
  const bool due = young ? (calibration.rows & (calibration.rows - 1)) == 0
                         : calibration.rows % kRefreshRows == 0;
  if (!due) return;
  if (calibration.rows >= kRowsMax) calibration.rows = kRowsMax / 2;
  if (calibration.weight > 1e6F) {
    for (float& count : calibration.count) count /= calibration.weight;
    calibration.weight = 1;
  }
  refresh(calibration, typical);
}

}  // namespace ouzel::detector
