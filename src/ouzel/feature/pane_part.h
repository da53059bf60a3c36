/// PanePart: count, sum, mean, std, zscore, min and max over a span of event time.
///
/// Panes and window: pane_clock.h. A pane keeps sums in double precision and is only ever added to,
/// so nothing drifts and an outlier leaves with its pane. The sum of all panes but the newest is
/// kept too and made anew when the newest pane changes or a late event comes: one or two panes are
/// read for a usual event, 17 for such a one. Mean and squared differences of two parts are joined
/// as in Chan, Golub and LeVeque (1979). min and max are given as the nearest float.
///
/// Bytes per key: 16 + 72, + 288 for sum, mean, std, zscore, + 72 each for min and max.
#pragma once

#include "ouzel/feature/feature_part.h"
#include "ouzel/feature/pane_clock.h"

namespace ouzel {

class PanePart final : public FeaturePart {
 public:
  explicit PanePart(const FeatureWindow& window);
  std::size_t key_bytes() const override { return key_bytes_; }
  void run(const FeatureBlock& block, std::size_t offset) override;

 private:
  static constexpr std::size_t kClosed = kPanes;  ///< Place of the sum of all panes but the newest.
  /// Relative size of a difference that may be rounding; sums are doubles.
  static constexpr double kGrain = 0x1p-40;

  /// One array of each kind, as far as asked for; entry kPanes is kClosed. The others of a pane
  /// hold something only if its count does.
  struct Panes {
    std::uint32_t* count;
    double* sum;
    double* m2;
    float* min;
    float* max;
  };
  using RunRows = void (PanePart::*)(const FeatureBlock&, std::size_t, BlockStats&) const;

  template <bool kMoments, bool kMin, bool kMax>
  void run_rows(const FeatureBlock& block, std::size_t offset, BlockStats& stats) const;
  Panes panes(std::byte* key) const;
  template <bool kMoments, bool kMin, bool kMax>
  void prefetch(std::byte* key) const;
  template <bool kMoments, bool kMin, bool kMax>
  static void add(const Panes& panes, std::size_t at, double value);
  template <bool kMoments, bool kMin, bool kMax>
  static void close(const Panes& panes, std::size_t newest);
  template <bool kMoments, bool kMin, bool kMax>
  static void read(const Panes& panes, std::size_t newest, WindowStats& stats);

  const std::size_t field_;
  const PaneWidth width_;
  const FeatureColumns columns_;
  std::size_t sum_at_ = 0;
  std::size_t m2_at_ = 0;
  std::size_t min_at_ = 0;
  std::size_t max_at_ = 0;
  std::size_t key_bytes_ = 0;
  RunRows run_rows_;
};

}  // namespace ouzel
