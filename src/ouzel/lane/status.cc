#include "ouzel/lane/status.h"

#include <algorithm>

#include "ouzel/lane/lane.h"

namespace ouzel {

Totals totals_of(const EngineStatus& status) {
  Totals out = status.gone.totals;
  for (const LaneStatus& lane : status.lanes) (out += lane.totals) -= lane.before;
  return out;
}

std::vector<ModelScored> scored_by_model(const EngineStatus& status) {
  std::vector<ModelScored> out = status.earlier_models;
  std::uint64_t scored = totals_of(status).scored;
  for (const ModelScored& one : out) scored -= std::min(scored, one.scored);
  const auto again = std::find_if(out.begin(), out.end(), [&](const ModelScored& one) {
    return one.name == status.model_name && one.version == status.model_version;
  });
  if (again == out.end()) {
    out.push_back({status.model_name, status.model_version, scored});
  } else {
    again->scored += scored;
  }
  return out;
}

void add_counts(const Lane& lane, EngineStatus& status) {
  status.batch_rows.add(lane.batch_rows());
  const auto& stages = lane.runner().stages();
  for (std::size_t i = 0; i < stages.size(); ++i) {
    auto& all = status.stage_ns;
    auto at = std::find_if(all.begin(), all.end(),
                           [&](const auto& one) { return one.first == stages[i]->name(); });
    if (at == all.end()) at = all.emplace(at, stages[i]->name(), HistogramTotals{});
    at->second.add(lane.runner().stage_ns(i));
  }
}

}  // namespace ouzel
