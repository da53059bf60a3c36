/// EwmaPart: the exponentially weighted moving average e of a field of a key, beginning with e = x,
/// then e = (1 - alpha) * e + alpha * x: in this form, and not as e + alpha * (x - e), what a huge
/// value left behind is gone when its weight is. A missing value changes nothing.
///
/// Last N: alpha = 2 / (N + 1), whose weights have the mean age of a plain average of N values.
/// Span: alpha = 1 - exp(-dt / span), dt >= 0 the event time since the newest value so far, as for
/// an unevenly spaced series (Mueller 1991; Eckner 2012): a value weighs as much as the time it
/// stands for, so one that is late, or of the same instant as the newest, has dt = 0 and no weight.
///
/// Bytes per key: 16 for the last N, 24 for a span.
#pragma once

#include "ouzel/feature/feature_part.h"

namespace ouzel {

class EwmaPart final : public FeaturePart {
 public:
  explicit EwmaPart(const FeatureWindow& window)
      : field_(window.field),
        span_ns_(window.over.count()),
        alpha_(2.0 / (window.last + 1.0)),
        column_(window.columns.of(FeatureFunction::ewma)) {}
  std::size_t key_bytes() const override {
    return span_ns_ == 0 ? sizeof(Average) : sizeof(TimedAverage);
  }
  void run(const FeatureBlock& block, std::size_t offset) override;

 private:
  struct Average {
    double value;
    std::uint64_t known;  ///< 0: no value yet.
  };
  struct TimedAverage {
    double value;
    std::uint64_t known;
    std::int64_t time;  ///< Newest of the values.
  };
  using BlockValues = std::array<double, kFeatureBlockRows>;

  void run_last(const FeatureBlock& block, std::size_t offset, BlockValues& out) const;
  void run_in_span(const FeatureBlock& block, std::size_t offset, BlockValues& out) const;

  const std::size_t field_;
  const std::int64_t span_ns_;  ///< 0: the last N.
  const double alpha_;          ///< Of the last N.
  const std::uint32_t column_;
};

/// What is left of a weight after u spans, exp(-u), and what is gone, 1 - exp(-u).
struct Decay {
  double left = 1;
  double gone = 0;
};

/// For u >= 0; both are good to 1e-15 relative, and `left` is 0 where it would be subnormal. Not
/// the C library's, which gives other bits on a CPU with fused multiply-add. exp(-u) =
/// 2^-k exp(r), k = round(u / ln 2), |r| <= ln 2 / 2, exp(r) - 1 by its series.
Decay decay(double u);

}  // namespace ouzel
