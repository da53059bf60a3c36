/// Pooled covariance of the channels of a lane, over the standardised values of all its keys, and
/// its inverse: how odd is a combination of values, and which channel breaks the pattern.
///
/// Not every key has every channel. What a row lacks teaches nothing, and its distance is that of
/// the channels that it has: the others take the values that fit best. A channel that is new to the
/// lane counts as it was standardised, with variance 1, until 64 rows had it.
///
/// Lives in the lane's state; zero means "nothing seen". The inverse is refreshed at fixed row
/// counts (powers of two to 1024, then every 1024 rows), so results depend on the rows alone.
/// Cost: 2·n² multiply-adds a row, 3·n more for each channel that it lacks, n³/2 a refresh. No
/// errors; inputs are within ±kCap.
///
/// Sources: Mahalanobis distance with the covariance shrunk towards its diagonal (Ledoit and Wolf
/// 2004, with a fixed rate); the precision matrix gives each channel's residual from all others;
/// minimised over the missing ones (Gauss-Seidel) it is that of the others' covariance alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ouzel::detector {

inline constexpr std::size_t kChannelsMax = 64;

/// A row's standardised values; both 0 where it has none, and from `channels` to padded(channels).
struct Standards {
  float of[kChannelsMax];
  float known[kChannelsMax];  ///< 1: it has one.
};

/// A view of the matrices in the lane's state.
class Pooled {
 public:
  /// Floats of state for `channels` channels; a multiple of 4.
  static constexpr std::size_t floats(std::size_t channels) {
    return 4 + padded(channels) + 2 * channels * padded(channels);
  }
  static constexpr std::size_t padded(std::size_t channels) { return (channels + 3) / 4 * 4; }

  /// `state` is 16-byte aligned or not; `floats(channels)` of them.
  Pooled(float* state, std::size_t channels)
      : state_(state), channels_(channels), stride_(padded(channels)) {}

  /// Squared distance of `row`; `conditional[i]` gets the square of channel i's standardised
  /// residual from the others, 0 where the row lacks it. 0 before enough rows.
  float distance(const Standards& row, float* conditional) const;
  /// Learns a row with weight `rate`.
  void learn(const Standards& row, float rate);

 private:
  float& rows() { return state_[0]; }
  float rows() const { return state_[0]; }
  bool ready() const { return state_[1] > 0; }
  float* seen() const { return state_ + 4; }  ///< Rows that had the channel.
  float* covariance() const { return seen() + stride_; }
  float* precision() const { return covariance() + channels_ * stride_; }
  double shrunk(std::size_t i, std::size_t j) const;
  void refresh();

  float* state_;
  std::size_t channels_;
  std::size_t stride_;
};

}  // namespace ouzel::detector
