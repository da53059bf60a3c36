/// TrendPart: rate and slope over the last N values of a field of a key, in the order of
/// acceptance.
///
/// The window is a ring of times and floats; the line is fitted anew for each event in two passes
/// (means first, then products of differences), so nothing drifts and a gap of years between two
/// events does not blur what comes after it. That costs about 3 ns a value, so N is at most 1024.
///
/// Bytes per key: 8 + 12 N, rounded up to 8.
#pragma once

#include "ouzel/feature/feature_part.h"

namespace ouzel {

class TrendPart final : public FeaturePart {
 public:
  explicit TrendPart(const FeatureWindow& window)
      : field_(window.field),
        last_(window.last),
        rate_column_(window.columns.of(FeatureFunction::rate)),
        slope_column_(window.columns.of(FeatureFunction::slope)) {}
  std::size_t key_bytes() const override { return (sizeof(Head) + last_ * 12UL + 7) / 8 * 8; }
  void run(const FeatureBlock& block, std::size_t offset) override;

 private:
  struct Head {
    std::uint32_t count;
    std::uint32_t next;
  };
  static std::int64_t* times(Head& head) { return reinterpret_cast<std::int64_t*>(&head + 1); }
  float* values(Head& head) const { return reinterpret_cast<float*>(times(head) + last_); }
  double rate(Head& head) const;
  double slope(Head& head) const;

  const std::size_t field_;
  const std::uint32_t last_;
  const std::uint32_t rate_column_;
  const std::uint32_t slope_column_;
};

}  // namespace ouzel
