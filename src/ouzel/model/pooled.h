/// Pooled covariance of the channels of a lane, over the standardised values of all its keys, and
/// its inverse: how odd is a combination of values, and which channel breaks the pattern.
///
/// Lives in the lane's state; zero means "nothing seen". The inverse is refreshed at fixed row
/// counts (powers of two to 1024, then every 1024 rows), so results depend on the rows alone.
/// Cost: 2·n² multiply-adds a row, n³/2 a refresh. No errors; inputs are within ±kCap.
///
/// Sources: Mahalanobis distance with the covariance shrunk towards its diagonal (Ledoit and Wolf
/// 2004, with a fixed rate); the precision matrix gives each channel's residual from all others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ouzel::detector {

inline constexpr std::size_t kChannelsMax = 64;

/// A view of the matrices in the lane's state.
class Pooled {
 public:
  /// Floats of state for `channels` channels; a multiple of 4.
  static constexpr std::size_t floats(std::size_t channels) {
    return 4 + 2 * channels * padded(channels);
  }
  static constexpr std::size_t padded(std::size_t channels) { return (channels + 3) / 4 * 4; }

  /// `state` is 16-byte aligned or not; `floats(channels)` of them.
  Pooled(float* state, std::size_t channels)
      : state_(state), channels_(channels), stride_(padded(channels)) {}

  /// Squared distance of `standard` (padded with zeros to padded(channels)); `conditional[i]` gets
  /// the square of channel i's standardised residual from the others. 0 before enough rows.
  float distance(const float* standard, float* conditional) const;
  /// Learns a row with weight `rate`.
  void learn(const float* standard, float rate);

 private:
  float& rows() { return state_[0]; }
  float rows() const { return state_[0]; }
  bool ready() const { return state_[1] > 0; }
  float* covariance() const { return state_ + 4; }
  float* precision() const { return state_ + 4 + channels_ * stride_; }
  void refresh();

  float* state_;
  std::size_t channels_;
  std::size_t stride_;
};

}  // namespace ouzel::detector
