/// RingPart: count, sum, mean, std, zscore, min and max over the last N values of a field of a key,
/// in the order of acceptance (a late event is simply the next one).
///
/// The window is a ring of N floats, so a value is known to 24 bits (relative 6e-8), and x counts
/// as the nearest float too. Mean and squared differences slide: they are changed by the value that
/// comes and the one that goes (Welford's recurrence for a replaced value), and are computed anew
/// from the ring once a turn, and whenever the squared differences have fallen below 2^-16 of their
/// peak since then, that is when something large has left and rounding of its size stayed behind.
/// So the error of std stays below N * 2^-53 * 2^16 relative (5e-10 for N = 64) for ever. Values
/// span 2^277 at most, so a fall of 2^-16 can follow a fall without a new rise 35 times at most:
/// amortised O(1) an event.
///
/// min and max. Up to N = 128 just the two are kept, and the ring is searched when one of them
/// leaves: for values in no order once in N events, at worst (always falling or rising) 0.1 us for
/// each. Beyond, wedges of ring positions (Lemire 2006), amortised O(1).
///
/// Bytes per key: 8, + 32 + 4 N for sum, mean, std, zscore, + 4 N (once) and for min and max 8
/// together (N <= 128) or 8 + 2 N each; count alone needs 8.
#pragma once

#include "ouzel/feature/feature_part.h"

namespace ouzel {

class RingPart final : public FeaturePart {
 public:
  explicit RingPart(const FeatureWindow& window);
  std::size_t key_bytes() const override { return key_bytes_; }
  void run(const FeatureBlock& block, std::size_t offset) override;

 private:
  /// Relative size of a difference that floats may not show.
  static constexpr double kGrain = 0x1p-23;
  static constexpr std::uint32_t kSearchedLastMax = 128;

  struct Head {
    std::uint32_t count;  ///< Values in the ring.
    std::uint32_t next;   ///< Where the next one goes.
  };
  struct Moments {
    double sum;
    double mean;
    double m2;
    double peak;  ///< Of m2 since all was last computed anew.
  };
  /// Positions of the values that are, or may become, the extreme: oldest first. Behind it stand
  /// N positions, used as a circle.
  struct Wedge {
    std::uint32_t first;
    std::uint32_t size;
  };
  using RunRows = void (RingPart::*)(const FeatureBlock&, std::size_t, BlockStats&) const;

  template <bool kMoments, bool kMin, bool kMax, bool kWedge>
  void run_rows(const FeatureBlock& block, std::size_t offset, BlockStats& stats) const;
  template <bool kMoments, bool kMin, bool kMax, bool kWedge>
  void prefetch(std::byte* key) const;
  template <bool kMoments, bool kMin, bool kMax, bool kWedge>
  void push(std::byte* key, float value) const;
  template <bool kMoments, bool kMin, bool kMax, bool kWedge>
  void read(std::byte* key, WindowStats& stats) const;
  void slide(std::byte* key, double value) const;
  void recompute(std::byte* key) const;
  template <class Keeps>
  void push_extreme(float& extreme, const Head& head, const float* ring, float value) const;
  template <class Keeps>
  void push_wedge(Wedge& wedge, const Head& head, const float* ring, float value) const;

  Head& head(std::byte* key) const { return *reinterpret_cast<Head*>(key); }
  Moments& moments(std::byte* key) const { return *reinterpret_cast<Moments*>(key + moments_at_); }
  float* ring(std::byte* key) const { return reinterpret_cast<float*>(key + ring_at_); }
  float& extreme(std::byte* key, std::size_t at) const {
    return *reinterpret_cast<float*>(key + at);
  }
  Wedge& wedge(std::byte* key, std::size_t at) const { return *reinterpret_cast<Wedge*>(key + at); }

  const std::size_t field_;
  const std::uint32_t last_;
  const FeatureColumns columns_;
  std::size_t moments_at_ = 0;
  std::size_t ring_at_ = 0;
  std::size_t min_at_ = 0;
  std::size_t max_at_ = 0;
  std::size_t key_bytes_ = sizeof(Head);
  RunRows run_rows_;
};

}  // namespace ouzel
