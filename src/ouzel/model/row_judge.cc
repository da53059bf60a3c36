#include "ouzel/model/row_judge.h"

#include <array>
#include <cmath>

#include "ouzel/model/scalar_math.h"

namespace ouzel::detector {
namespace {

constexpr float kSuspicious = 0.9F;  ///< Score from which learning slows.
constexpr float kSuspiciousRate = 0.1F;
constexpr float kOdd = 0.6F;             ///< Score from which a row lengthens a run of odd ones.
constexpr float kOddKeep = 0.8F;         ///< What a calm row leaves of that run.
constexpr float kOddRate = 0.02F;        ///< How a run slows learning,
constexpr float kOddTrust = 0.2F;        ///< and how it counts less in the calibration.
constexpr float kPressureMax = 2048.0F;  ///< Odd rows until a regime is accepted;
constexpr float kPressureSuspicious = 8.0F;  ///< a suspicious one is worth so many.
constexpr float kCalm = 4.0F;                ///< Evidence that is no evidence: two sigma.
constexpr float kChangeShare = 0.3F;         ///< Change mostly repeats what the forecast says.
constexpr float kJointCalmMax = 4.0F;  ///< Most that a channel adds to it in the smoothed sum.
constexpr float kSmoothMemory = 1.0F / 10;
constexpr float kSmoothShare = 4.0F;
constexpr float kOddAlone = 9.0F;  ///< Three sigma: odd without the other channels.
/// Strengths of a calm row, for each channel and one more: what stands in for a past.
constexpr std::array<float, kGroups> kTypical = {3.0F, 8.0F};
constexpr float kTwoGroups = 1.1892071F;  ///< 2^(1/4)

/// Weight of an evidence in its group. Level counts through the smoothed sum alone.
constexpr std::array<float, kKinds> kShare = {0, kChangeShare, 1, 1, 1, 1, 1, 1};
Group group_of(std::size_t kind) {
  return kind == kRarity || kind == kDrift || kind == kNoise || kind == kLevel ? kLasting : kSudden;
}

/// Root (fourth) of the p-value of sudden evidence: 10^4·p² until that is below p.
float strict(float root) { return root > 0.1F ? lower_of(10.0F * root * root, 1.0F) : root; }

/// Collects the strongest evidences.
class Ranking {
 public:
  void offer(std::size_t column, float strength) {
    if (strength <= 0) return;
    total_ += strength;
    std::size_t at = kReasonsMax;
    while (at > 0 && strength > best_[at - 1]) --at;
    if (at == kReasonsMax) return;
    for (std::size_t i = kReasonsMax - 1; i > at; --i) {
      best_[i] = best_[i - 1];
      column_[i] = column_[i - 1];
    }
    best_[at] = strength;
    column_[at] = static_cast<std::uint16_t>(column);
  }
  Reasons reasons() const {
    Reasons out;
    while (out.count < kReasonsMax && best_[out.count] > 0) {
      out.column[out.count] = column_[out.count];
      out.weight[out.count] = best_[out.count] / total_;
      ++out.count;
    }
    return out;
  }

 private:
  float total_ = 0;
  std::array<float, kReasonsMax> best_{};
  std::array<std::uint16_t, kReasonsMax> column_{};
};

}  // namespace

bool RowJudge::read(const double* values, std::span<const std::uint32_t> columns) {
  bool any = false;
  for (std::size_t i = 0; i < channels_; ++i) {
    const double value = values[columns[i]];
    reading_[i].present = std::isfinite(value);
    error_.of[i] = 0;
    error_.known[i] = 0;
    if (!reading_[i].present) {
      std::fill(std::begin(evidence_[i]), std::end(evidence_[i]), 0.0F);
      continue;
    }
    any = true;
    judge(channel_[i], fleet_[i], value, warm_, reading_[i], evidence_[i]);
    if (channel_[i].seen < 8) continue;
    error_.of[i] = reading_[i].error;
    error_.known[i] = 1;
  }
  return any;
}

/// Fisher's approximation turns the squared distance of the forecast errors into a standard score.
/// What is odd mostly given the other channels is correlation.
void RowJudge::combine() {
  joint_ = 0;
  if (channels_ < 2 || !warm_) return;
  float n = 0;
  for (std::size_t i = 0; i < channels_; ++i) n += error_.known[i];
  if (n < 2) return;
  float conditional[kChannelsMax];
  const float distance = pooled_.distance(error_, conditional);
  const float z = std::sqrt(2.0F * distance) - std::sqrt(2.0F * n - 1.0F);
  joint_ = z > 0 ? z * z : 0;
  breaker_ = 0;
  for (std::size_t i = 0; i < channels_; ++i) {
    if (conditional[i] > conditional[breaker_]) breaker_ = i;
    evidence_[i][kCorrelation] =
        within(conditional[i] - evidence_[i][kForecast], 0.0F, kCap * kCap);
  }
  explained_ = distance > 0 ? lower_of(conditional[breaker_] / distance, 1.0F) : 0.0F;
}

void RowJudge::weigh() {
  calm_ = lower_of(joint_, kJointCalmMax * static_cast<float>(channels_));
  float sudden = joint_;
  float lasting = 0;
  for (std::size_t i = 0; i < channels_; ++i) {
    const Evidence& from = evidence_[i];
    calm_ += from[kLevel];
    sudden += kChangeShare * upper_of(from[kChange] - kCalm, 0.0F) +
              upper_of(from[kForecast] - kCalm, 0.0F) + upper_of(from[kStuck] - kCalm, 0.0F) +
              upper_of(from[kCorrelation] - kCalm, 0.0F);
    lasting += upper_of(from[kRarity] - kCalm, 0.0F) + upper_of(from[kDrift] - kCalm, 0.0F) +
               upper_of(from[kNoise] - kCalm, 0.0F);
  }
  smooth_ = warm_ ? head_->smooth + kSmoothMemory * (calm_ - head_->smooth) : calm_;
  strength_[kSudden] = sudden;
  strength_[kLasting] = lasting + kSmoothShare * smooth_;
}

float RowJudge::score() {
  combine();
  weigh();
  for (int group = 0; group < kGroups; ++group) {
    place_[group] = place_of(strength_[group]);
    part_[group] = score_of(calibration_[group], place_[group]);
  }
  const float sudden = strict(1.0F - part_[kSudden]);
  const float lasting = 1.0F - part_[kLasting];
  deciding_ = sudden < lasting ? kSudden : kLasting;
  const float score = upper_of(0.0F, 1.0F - kTwoGroups * lower_of(sudden, lasting));
  return warm_ ? score : lower_of(score, kScoreMaxWarming);
}

/// Level has the smoothed sum's share, by how far each channel is away now. An odd channel makes
/// all that hang together with it look odd: only the one that explains most is named, as
/// correlation if it is not odd by itself.
Reasons RowJudge::reasons() const {
  Ranking ranking;
  const float level_share = calm_ > 0 ? kSmoothShare * smooth_ / calm_ : 0.0F;
  const float joint = joint_ * (deciding_ == kSudden ? 1.0F : level_share);
  const bool odd_alone = evidence_[breaker_][kForecast] >= kOddAlone;
  const Kind blamed = deciding_ == kLasting ? kLevel : odd_alone ? kForecast : kCorrelation;
  for (std::size_t i = 0; i < channels_; ++i) {
    float strength[kKinds];
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      strength[kind] = kShare[kind] * upper_of(evidence_[i][kind] - kCalm, 0.0F);
    }
    strength[kLevel] = level_share * evidence_[i][kLevel];
    const float correlation = strength[kCorrelation];
    strength[kCorrelation] = 0;
    if (channels_ > 1 && i == breaker_) strength[blamed] += correlation + explained_ * joint;
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      if (group_of(kind) == deciding_) ranking.offer(i * kKinds + kind, strength[kind]);
    }
  }
  if (channels_ > 1) ranking.offer(joint_column(channels_), (1.0F - explained_) * joint);
  return ranking.reasons();
}

void RowJudge::learn_row(float score) {
  float rate = 1;
  if (warm_) {
    const bool suspicious = score >= kSuspicious;
    const bool odd = score >= kOdd;
    head_->odd = odd ? lower_of(head_->odd + 1, 1e4F) : head_->odd * kOddKeep;
    head_->pressure = odd ? head_->pressure + (suspicious ? kPressureSuspicious : 1.0F)
                          : head_->pressure * kOddKeep;
    rate = 1.0F / (1.0F + kOddRate * head_->odd);
    if (suspicious) rate = lower_of(rate, kSuspiciousRate);
    const auto n = static_cast<float>(channels_ + 1);
    const float trust = 1.0F / (1.0F + kOddTrust * head_->odd);
    for (int group = 0; group < kGroups; ++group) {
      learn(calibration_[group], {.place = place_[group],
                                  .score = part_[group],
                                  .trust = trust,
                                  .typical = kTypical[group] * n});
    }
    if (channels_ > 1) pooled_.learn(error_, rate);
    head_->smooth = smooth_;
  }
  for (std::size_t i = 0; i < channels_; ++i) {
    if (reading_[i].present) learn(channel_[i], fleet_[i], reading_[i], rate);
  }
  if (head_->seen < (1U << 30)) ++head_->seen;
  if (head_->pressure < kPressureMax) return;
  head_->pressure = head_->odd = 0;
  for (std::size_t i = 0; i < channels_; ++i) accept_regime(channel_[i]);
}

}  // namespace ouzel::detector
