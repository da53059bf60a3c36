/// The built-in detector: an unsupervised model that works from the first minute. For each key and
/// channel (numeric field) it weighs level, change, forecast error, rarity, runs of equal values,
/// drift and noise; over the channels of a key a Mahalanobis distance pooled over the lane; and
/// turns their sum into a calibrated score by the lane's recent past.
///
/// Reads Batch::values, adds score, reasons (and the flag kFlagWarming). Rows that are not live get
/// score 0 and touch no state; a live row without any present channel scores 0 and teaches nothing.
///
/// Evidence comes in two groups, each calibrated by itself, so that the tail of one does not hide
/// the other. *Sudden*: change, forecast, stuck, correlation and the joint distance. *Lasting*:
/// rarity, drift, noise and the smoothed level. score = 1 - p^(1/4): 0.6 is p = 0.0256, 0.9 is
/// p = 1e-4, where p is about the share of the lane's recent rows that were as odd: twice the
/// smaller p of the groups, that of the sudden one counted as 10^4·p² until it is below 1e-4 (a
/// moderately sudden row is nothing yet, a moderately lasting one is).
/// Keys may have different channels, and rows may lack some: what is missing is no evidence.
/// A key with fewer than `warm_up` events is measured against the fleet (the other keys of the
/// lane), is flagged, and scores at most kWarmingScoreMax.
/// Reasons: the three strongest evidences of the deciding group in a row that scores at least
/// kReasonsFrom, as shares of that group's evidence; rows below have none.
///
/// A suspicious row (score 0.9) is learned at a tenth of the rate, a run of odd ones (0.6) ever
/// more slowly, so that an anomaly does not become normal; what lasts for 256 suspicious or 2,048
/// odd events of a key is accepted as its new normal.
///
/// State: 32 + 232·channels bytes a key; 4 KiB + 44·channels + 8·channels² bytes a lane.
/// Cost and quality are measured by bench/detector_quality.cc. Threads and ownership: as
/// stage/stage.h says. Errors: config, from make() alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/batch/schema.h"
#include "ouzel/model/detector_spec.h"
#include "ouzel/stage/stage.h"

namespace ouzel {

inline constexpr float kReasonsFrom = 0.5F;
inline constexpr float kWarmingScoreMax = 0.75F;

/// What Reasons::column indexes: `<field>_level`, `_change`, `_forecast`, `_rarity`, `_stuck`,
/// `_drift`, `_noise`, `_correlation` for each watched field in turn; with two or more fields also
/// `channels_mahalanobis`. Of a spec that make() would refuse: empty.
std::vector<std::string> detector_reason_names(const Schema& schema, const DetectorSpec& spec);
/// The bytes of state that DetectorStage asks for.
StateNeed detector_state_bytes(const Schema& schema, const DetectorSpec& spec);

class DetectorStage final : public Stage {
 public:
  /// Errors: config: a field of `spec.of` is no numeric field, none at all, or more than 64.
  static Result<std::unique_ptr<DetectorStage>> make(const Schema& schema,
                                                     const DetectorSpec& spec);
  std::string_view name() const override { return "detector"; }
  Wiring wiring() const override;
  StateNeed state_need() const override;
  void run(Batch& batch, const StateView& state) override;

 private:
  DetectorStage(const Schema& schema, const DetectorSpec& spec, std::vector<std::uint32_t> columns);

  std::vector<std::string> fields_;
  std::vector<std::uint32_t> columns_;  ///< Of Batch::values, one a channel.
  std::uint32_t warm_up_;
};

}  // namespace ouzel
