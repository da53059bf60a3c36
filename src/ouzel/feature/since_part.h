/// SincePart: seconds of event time since the newest value of a field before this event, or since
/// the key's newest event; negative for an event that is older than that.
///
/// Bytes per key: 16.
#pragma once

#include "ouzel/feature/feature_part.h"

namespace ouzel {

class SincePart final : public FeaturePart {
 public:
  explicit SincePart(const FeatureWindow& window)
      : input_(window.input),
        field_(window.field),
        column_(window.columns.of(FeatureFunction::since)) {}
  std::size_t key_bytes() const override { return sizeof(State); }
  void run(const FeatureBlock& block, std::size_t offset) override;

 private:
  struct State {
    std::int64_t newest;
    std::uint64_t known;  ///< 0: nothing came yet.
  };
  bool has_value(const FeatureBlock& block, std::size_t i) const;

  const FeatureInput input_;
  const std::size_t field_;
  const std::uint32_t column_;
};

}  // namespace ouzel
