/// LatestPart: last and delta. The newest value is kept in double precision.
///
/// Over the last N events "newest" means accepted last, whatever its event time. Over a span it is
/// the value with the newest event time (of equal ones the one accepted last), as long as it is
/// younger than the span, measured from the key's newest event of any kind; a late value therefore
/// differs (delta) from that value, and does not replace it.
///
/// Bytes per key: 16 for the last N, 32 for a span.
#pragma once

#include "ouzel/feature/feature_part.h"

namespace ouzel {

class LatestPart final : public FeaturePart {
 public:
  explicit LatestPart(const FeatureWindow& window)
      : field_(window.field), span_ns_(window.over.count()), columns_(window.columns) {}
  std::size_t key_bytes() const override {
    return span_ns_ == 0 ? sizeof(Accepted) : sizeof(InSpan);
  }
  void run(const FeatureBlock& block, std::size_t offset) override;

 private:
  struct Accepted {
    double value;
    std::uint64_t known;  ///< 0: no value yet.
  };
  struct InSpan {
    double value;
    std::int64_t time;      ///< Of the value.
    std::int64_t newest;    ///< Of the key's events.
    std::uint32_t started;  ///< 0: no event yet.
    std::uint32_t known;    ///< 0: no value yet.
  };
  struct Latest {
    double last = kMissing;
    double delta = kMissing;
  };
  using BlockLatest = std::array<Latest, kFeatureBlockRows>;

  void run_accepted(const FeatureBlock& block, std::size_t offset, BlockLatest& out) const;
  void run_in_span(const FeatureBlock& block, std::size_t offset, BlockLatest& out) const;

  const std::size_t field_;
  const std::int64_t span_ns_;  ///< 0: the last N.
  const FeatureColumns columns_;
};

}  // namespace ouzel
