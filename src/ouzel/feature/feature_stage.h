/// FeatureStage: adds Batch::features, the functions of the `features` section: over the last N
/// events of a key, over spans of event time, and of the row alone. What each function means:
/// feature_part.h; how state is kept, how exact it is and what it costs: the header of each part.
///
/// Every live row gets all features, NaN where there is nothing to say; other rows get NaN and
/// change nothing. Thread and state rules: stage/stage.h. Errors: config, from `make` only.
/// Cost: see each part; about 10 ns per event, field and function while the state is in the cache.
#pragma once

#include <memory>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/feature/feature_part.h"
#include "ouzel/feature/feature_plan.h"
#include "ouzel/stage/stage.h"

namespace ouzel {

class FeatureStage final : public Stage {
 public:
  explicit FeatureStage(FeaturePlan plan);
  static Result<std::unique_ptr<FeatureStage>> make(const Schema& schema,
                                                    const std::vector<FeatureSpec>& specs);
  std::string_view name() const override { return "feature"; }
  /// Reads "time" and fields of the schema; adds the features, by their names.
  Wiring wiring() const override;
  StateNeed state_need() const override { return {.key_bytes = key_bytes_, .lane_bytes = 0}; }
  void run(Batch& batch, const StateView& state) override;

 private:
  FeaturePlan plan_;
  std::vector<std::unique_ptr<FeaturePart>> parts_;
  std::size_t key_bytes_ = 0;
  std::vector<std::uint32_t> live_;  ///< Scratch: the live rows of the batch in hand.
};

/// Bytes of state per key, as lint prints them.
Result<std::size_t> feature_state_bytes(const Schema& schema,
                                        const std::vector<FeatureSpec>& specs);

}  // namespace ouzel
