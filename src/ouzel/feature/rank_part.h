/// RankPart: quantile and distinct over the last N values of a field of a key, in the order of
/// acceptance. Exact for numbers as floats; for texts see value_word.h.
///
/// The window is kept twice, as a ring (who goes next) and sorted (rank and equal neighbours). An
/// event costs two binary searches and moves up to N words: about 40 ns for N = 64, microseconds
/// for tens of thousands.
///
/// Bytes per key: 16 + 8 N.
#pragma once

#include <vector>

#include "ouzel/feature/feature_part.h"
#include "ouzel/feature/value_word.h"

namespace ouzel {

class RankPart final : public FeaturePart {
 public:
  explicit RankPart(const FeatureWindow& window);
  std::size_t key_bytes() const override {
    return sizeof(Head) + std::size_t{2} * last_ * sizeof(ValueWord);
  }
  void run(const FeatureBlock& block, std::size_t offset) override;

 private:
  struct Head {
    std::uint32_t count;  ///< Values in the window.
    std::uint32_t next;   ///< Where in the ring the next one goes.
    std::uint32_t distinct;
    std::uint32_t unused;
  };
  static ValueWord* ring(Head& head) { return reinterpret_cast<ValueWord*>(&head + 1); }
  ValueWord* sorted(Head& head) const { return ring(head) + last_; }

  void push(Head& head, ValueWord word) const;
  void remove(Head& head, ValueWord word) const;
  void insert(Head& head, ValueWord word) const;

  const FeatureInput input_;
  const std::size_t field_;
  const std::uint32_t last_;
  const std::uint32_t distinct_column_;
  const std::vector<QuantileColumn> quantiles_;
};

}  // namespace ouzel
