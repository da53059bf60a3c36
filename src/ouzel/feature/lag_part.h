/// LagPart: the k-th newest value before an event, for one k or several, in the order of
/// acceptance; missing values do not count. Values are kept in double precision.
///
/// Bytes per key: 8 + 8 k, of the largest k.
#pragma once

#include <vector>

#include "ouzel/feature/feature_part.h"

namespace ouzel {

class LagPart final : public FeaturePart {
 public:
  explicit LagPart(const FeatureWindow& window);
  std::size_t key_bytes() const override { return sizeof(Head) + deepest_ * sizeof(double); }
  void run(const FeatureBlock& block, std::size_t offset) override;

 private:
  struct Head {
    std::uint32_t count;
    std::uint32_t next;  ///< Where in the ring the next value goes.
  };
  const std::size_t field_;
  const std::vector<LagColumn> lags_;
  std::uint32_t deepest_ = 0;
};

}  // namespace ouzel
