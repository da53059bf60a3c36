/// DecideStage: score in; label, confidence, route and flags out.
///
///   score >= threshold            label anomaly, route alert
///   review <= score < threshold   route review
///   else                          route pass
/// A score at or above the threshold does not alert but passes, still labelled an anomaly,
///  - while the row is flagged `warming`, which neither looks at nor moves the hold-off, or
///  - within `hold_off` of the key's last alert in event time, on either side of it: |t - last| <
///    hold_off; then the row is flagged `hold_off`. `last` is the newest event time of the key's
///    alerts: a late alert does not move it back, and an alert held back does not move it at all,
///    so a lasting fault alerts once per hold_off.
/// A warming row is never sent to review either: too little is known to take a person's time.
///
/// With a review budget (review_budget.h) a row between review and threshold goes to review only
/// while there is room, most uncertain first; else it passes and is flagged `review_full`. A share
/// of the budget goes to rows below the threshold at random.
///
/// confidence: how far the score lies from the threshold on its side, from 0.5 (on it) to 1:
/// 0.5 + 0.5 (score - threshold) / (1 - threshold), or 0.5 + 0.5 (threshold - score) / threshold;
/// a score outside [0, 1] counts as the nearer end. With a threshold outside (0, 1], which only a
/// model whose scores have no bounds can have, it is 0.5 + 0.5 d / (d + max(1, |threshold|)), d the
/// distance. Scores, threshold and review are compared as
/// floats, so a score that prints as 0.9 reaches a threshold of 0.9.
///
/// A score that is not finite means that the model gave none: the row's fate becomes model_failed.
/// Rows that are not live get label normal, route pass, confidence 0.
///
/// 16 bytes per key, 312 per lane for a budget; a few ns per row. Thread and state rules:
/// stage/stage.h. Errors: config, from `make` only.
#pragma once

#include <memory>
#include <optional>

#include "ouzel/base/error.h"
#include "ouzel/decide/decide_spec.h"
#include "ouzel/decide/review_budget.h"
#include "ouzel/stage/stage.h"

namespace ouzel {

class DecideStage final : public Stage {
 public:
  /// Threshold and review finite, review <= threshold, hold_off >= 0, 0 <= random <= 1; `per_day`
  /// is this lane's.
  static Result<std::unique_ptr<DecideStage>> make(const DecideSpec& spec);
  /// `spec` within those bounds.
  explicit DecideStage(const DecideSpec& spec);

  std::string_view name() const override { return "decide"; }
  Wiring wiring() const override;
  StateNeed state_need() const override {
    return {.key_bytes = sizeof(LastAlert),
            .lane_bytes = budget_ ? sizeof(ReviewBudget::State) : 0};
  }
  void run(Batch& batch, const StateView& state) override;

 private:
  struct LastAlert {
    EventTime time;
    std::uint64_t known;  ///< 0: the key never alerted.
  };

  void fail_unscored(Batch& batch) const;
  void decide_row(Batch& batch, std::size_t row, LastAlert& last, ReviewBudget::State* spent) const;
  void decide_below(Batch& batch, std::size_t row, ReviewBudget::State* spent) const;
  float confidence(float score) const;
  bool held(const LastAlert& last, EventTime time) const;

  const float threshold_;
  const float review_;
  const std::uint64_t hold_off_ns_;
  const std::optional<ReviewBudget> budget_;
};

}  // namespace ouzel
