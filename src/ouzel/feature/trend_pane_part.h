/// TrendPanePart: rate and slope over a span of event time (panes and window: pane_clock.h).
///
/// Each pane keeps what the line of its own values is made of, only ever added to, with times
/// counted from the pane's beginning (Welford 1962, for products of differences); the panes are
/// joined for each event as in Chan, Golub and LeVeque (1979): about 0.1 us. Also its oldest value,
/// and the key's newest: the two that the rate is between.
///
/// Bytes per key: 16 + 24 + 17 * 48.
#pragma once

#include "ouzel/feature/feature_part.h"
#include "ouzel/feature/pane_clock.h"

namespace ouzel {

class TrendPanePart final : public FeaturePart {
 public:
  explicit TrendPanePart(const FeatureWindow& window)
      : field_(window.field),
        width_(window.over),
        rate_column_(window.columns.of(FeatureFunction::rate)),
        slope_column_(window.columns.of(FeatureFunction::slope)) {}
  std::size_t key_bytes() const override { return sizeof(State); }
  void run(const FeatureBlock& block, std::size_t offset) override;

 private:
  struct Pane {
    double time_mean;  ///< Seconds since the pane began.
    double value_mean;
    double squares;           ///< Sum of squared differences of times from their mean.
    double products;          ///< Sum of products of the differences of times and values.
    std::int64_t first_time;  ///< Of the pane's oldest value.
    float first_value;
    std::uint32_t count;  ///< 0: the rest says nothing.
  };
  struct State {
    PaneClock clock;
    std::int64_t newest_time;  ///< Of the key's newest value, whatever the window.
    double newest_value;
    std::uint64_t known;  ///< 0: no value yet.
    Pane panes[kPanes];
  };

  /// The pane that is `back` before the newest.
  static const Pane& pane_before(const State& state, std::size_t back) {
    return state.panes[(pane_place(state.clock.newest) + kPanes - back) % kPanes];
  }
  void add(State& state, std::int64_t pane, std::int64_t time, double value) const;
  double rate(const State& state) const;
  double slope(const State& state) const;

  const std::size_t field_;
  const PaneWidth width_;
  const std::uint32_t rate_column_;
  const std::uint32_t slope_column_;
};

}  // namespace ouzel
