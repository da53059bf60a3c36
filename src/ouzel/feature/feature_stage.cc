#include "ouzel/feature/feature_stage.h"

#include <utility>

#include "ouzel/feature/distinct_part.h"
#include "ouzel/feature/ewma_part.h"
#include "ouzel/feature/lag_part.h"
#include "ouzel/feature/latest_part.h"
#include "ouzel/feature/pane_part.h"
#include "ouzel/feature/rank_part.h"
#include "ouzel/feature/ring_part.h"
#include "ouzel/feature/row_parts.h"
#include "ouzel/feature/sample_part.h"
#include "ouzel/feature/since_part.h"
#include "ouzel/feature/trend_pane_part.h"
#include "ouzel/feature/trend_part.h"

namespace ouzel {
namespace {

using Parts = std::vector<std::unique_ptr<FeaturePart>>;

template <class Part>
void add(Parts& parts, const FeatureWindow& window) {
  parts.push_back(std::make_unique<Part>(window));
}

/// One kind of part for the last N, another for a span.
template <class OfLast, class OfSpan>
void add_either(Parts& parts, const FeatureWindow& window) {
  window.last > 0 ? add<OfLast>(parts, window) : add<OfSpan>(parts, window);
}

void add_parts(const FeatureWindow& window, Parts& parts) {
  using F = FeatureFunction;
  const FeatureColumns& columns = window.columns;
  const WindowNeeds needs(columns);
  if (needs.moments || needs.min || needs.max || columns.asked(F::count)) {
    add_either<RingPart, PanePart>(parts, window);
  }
  if (columns.asked(F::last) || columns.asked(F::delta)) add<LatestPart>(parts, window);
  if (columns.asked(F::rate) || columns.asked(F::slope)) {
    add_either<TrendPart, TrendPanePart>(parts, window);
  }
  if (columns.asked(F::ewma)) add<EwmaPart>(parts, window);
  const bool distinct = columns.asked(F::distinct);
  if (window.last > 0 && (distinct || !window.quantiles.empty())) add<RankPart>(parts, window);
  if (window.last == 0 && !window.quantiles.empty()) add<SamplePart>(parts, window);
  if (window.last == 0 && distinct) add<DistinctPart>(parts, window);
  if (!window.lags.empty()) add<LagPart>(parts, window);
  if (columns.asked(F::since)) add<SincePart>(parts, window);
}

std::unique_ptr<FeaturePart> part_of(const RowFunction& row) {
  struct Make {
    std::unique_ptr<FeaturePart> operator()(const CalendarColumns& of) const {
      return std::make_unique<CalendarPart>(of);
    }
    std::unique_ptr<FeaturePart> operator()(const WordColumns& of) const {
      return std::make_unique<WordPart>(of);
    }
    std::unique_ptr<FeaturePart> operator()(const PairColumn& of) const {
      return std::make_unique<PairPart>(of);
    }
  };
  return std::visit(Make{}, row);
}

}  // namespace

FeatureStage::FeatureStage(FeaturePlan plan) : plan_(std::move(plan)) {
  for (const FeatureWindow& window : plan_.windows) add_parts(window, parts_);
  for (const RowFunction& row : plan_.rows) parts_.push_back(part_of(row));
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
