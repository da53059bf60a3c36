/// Judges one row of a key: collects the evidence of its channels and of their combination, weighs
/// it in two groups, calibrates each, explains the stronger one, and learns the row.
///
/// Works on the state of one key and of the lane, which it does not own. One thread. No errors.
/// What the groups and the score mean stands in model/detector.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "ouzel/batch/batch.h"
#include "ouzel/model/calibration.h"
#include "ouzel/model/channel.h"
#include "ouzel/model/pooled.h"

namespace ouzel::detector {

/// Highest score of a row whose key is still warming up.
inline constexpr float kScoreMaxWarming = 0.75F;

enum Group : std::uint8_t { kSudden, kLasting, kGroups };

/// Fixed part of a key's state; `channels` Channel follow.
struct KeyHead {
  std::uint32_t seen;
  float odd;       ///< Length of the run of odd rows.
  float pressure;  ///< Of odd and suspicious rows towards a new regime.
  float smooth;    ///< Squared level and joint evidence, with a short memory.
  float reserved[4];
};
static_assert(sizeof(KeyHead) == 32 && sizeof(Channel) == 232 && sizeof(Fleet) % 8 == 0);
static_assert(sizeof(Calibration) % 8 == 0);

/// The state of a lane: a Calibration a group, then `channels` Fleet, then Pooled's floats.
struct LaneLayout {
  explicit LaneLayout(std::size_t channels)
      : fleet(kGroups * sizeof(Calibration)),
        pooled(fleet + channels * sizeof(Fleet)),
        bytes(pooled + (Pooled::floats(channels) * sizeof(float) + 7) / 8 * 8) {}
  std::size_t fleet, pooled, bytes;
};

constexpr std::size_t key_bytes(std::size_t channels) {
  return sizeof(KeyHead) + channels * sizeof(Channel);
}

/// Column of `channels_mahalanobis` among the reasons; a channel's kind is channel·kKinds + kind.
constexpr std::size_t joint_column(std::size_t channels) { return channels * kKinds; }

/// Judges and learns rows; lives for one batch, on the stack. What belongs to one row is not
/// initialised: read() sets it.
class RowJudge {
 public:
  RowJudge(std::size_t channels, std::uint32_t warm_up, std::byte* lane)
      : channels_(channels),
        warm_up_(warm_up),
        calibration_(reinterpret_cast<Calibration*>(lane)),
        fleet_(reinterpret_cast<Fleet*>(lane + LaneLayout(channels).fleet)),
        pooled_(reinterpret_cast<float*>(lane + LaneLayout(channels).pooled), channels) {
    std::fill(error_.of, error_.of + Pooled::padded(channels), 0.0F);
    std::fill(error_.known, error_.known + Pooled::padded(channels), 0.0F);
  }

  /// The row's key. `key` has key_bytes(channels) bytes.
  void take(std::byte* key) {
    head_ = reinterpret_cast<KeyHead*>(key);
    channel_ = reinterpret_cast<Channel*>(key + sizeof(KeyHead));
    warm_ = head_->seen >= warm_up_;
  }
  bool warm() const { return warm_; }
  /// Takes channel i from values[columns[i]]; not finite is missing. False if all are.
  bool read(const double* values, std::span<const std::uint32_t> columns);
  /// Of the row that was read, in [0, 1].
  float score();
  /// Why that score; made before the row is learned.
  Reasons reasons() const;
  /// Last of all.
  void learn_row(float score);

 private:
  void combine();
  void weigh();

  const std::size_t channels_;
  const std::uint32_t warm_up_;
  Calibration* const calibration_;  ///< One a group.
  Fleet* const fleet_;
  Pooled pooled_;

  KeyHead* head_ = nullptr;
  Channel* channel_ = nullptr;
  bool warm_ = false;
  Group deciding_ = kSudden;
  float joint_ = 0;          ///< Evidence of the combination of channels.
  std::size_t breaker_ = 0;  ///< Channel that explains most of it,
  float explained_ = 0;      ///< and how much of it, in [0, 1].
  float calm_ = 0;           ///< Σ squared levels + joint, before smoothing.
  float smooth_ = 0;         ///< After.
  float strength_[kGroups];
  float place_[kGroups];
  float part_[kGroups];  ///< Score of each group.
  Standards error_;      ///< Standardised forecast errors.
  Reading reading_[kChannelsMax];
  Evidence evidence_[kChannelsMax];
};

}  // namespace ouzel::detector
