#include "ouzel/feature/feature_stage.h"

#include <utility>

#include "ouzel/feature/ewma_part.h"
#include "ouzel/feature/latest_part.h"
#include "ouzel/feature/pane_part.h"
#include "ouzel/feature/ring_part.h"

namespace ouzel {
namespace {

bool asks_for_stats(const FeatureColumns& columns) {
  const WindowNeeds needs(columns);
  return needs.moments || needs.min || needs.max || columns.asked(FeatureFunction::count);
}

void add_parts(const FeatureWindow& window, std::vector<std::unique_ptr<FeaturePart>>& parts) {
  const FeatureColumns& columns = window.columns;
  if (asks_for_stats(columns)) {
    if (window.last > 0) {
      parts.push_back(std::make_unique<RingPart>(window));
    } else {
      parts.push_back(std::make_unique<PanePart>(window));
    }
  }
  if (columns.asked(FeatureFunction::last) || columns.asked(FeatureFunction::delta)) {
    parts.push_back(std::make_unique<LatestPart>(window));
  }
  if (columns.asked(FeatureFunction::ewma)) parts.push_back(std::make_unique<EwmaPart>(window));
}

}  // namespace

FeatureStage::FeatureStage(FeaturePlan plan) : plan_(std::move(plan)) {
  for (const FeatureWindow& window : plan_.windows) add_parts(window, parts_);
  for (const auto& part : parts_) key_bytes_ += part->key_bytes();
}

Result<std::unique_ptr<FeatureStage>> FeatureStage::make(const Schema& schema,
                                                         const std::vector<FeatureSpec>& specs) {
  OUZEL_TRY(FeaturePlan plan, plan_features(schema, specs));
  return std::make_unique<FeatureStage>(std::move(plan));
}

Wiring FeatureStage::wiring() const {
  Wiring wiring{.reads = plan_.fields, .adds = plan_.names};
  wiring.reads.insert(wiring.reads.begin(), "time");
  return wiring;
}

void FeatureStage::run(Batch& batch, const StateView& state) {
  batch.features.reset(batch.rows(), plan_.names.size());
  live_.clear();
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (batch.live(row)) live_.push_back(static_cast<std::uint32_t>(row));
  }
  for (std::size_t begin = 0; begin < live_.size(); begin += kFeatureBlockRows) {
    const std::size_t count = std::min(kFeatureBlockRows, live_.size() - begin);
    const FeatureBlock block{batch, state, std::span(live_).subspan(begin, count)};
    std::size_t offset = 0;
    for (const auto& part : parts_) {
      part->run(block, offset);
      offset += part->key_bytes();
    }
  }
}

Result<std::size_t> feature_state_bytes(const Schema& schema,
                                        const std::vector<FeatureSpec>& specs) {
  OUZEL_TRY(const std::unique_ptr<FeatureStage> stage, FeatureStage::make(schema, specs));
  return stage->state_need().key_bytes;
}

}  // namespace ouzel
