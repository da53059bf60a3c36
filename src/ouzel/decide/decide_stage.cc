#include "ouzel/decide/decide_stage.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace ouzel {
namespace {

std::string failure_text(float score) {
  return "score: a finite number expected, the model gave " +
         std::string(std::isnan(score) ? "none" : (score > 0 ? "infinity" : "-infinity"));
}

}  // namespace

Result<std::unique_ptr<DecideStage>> DecideStage::make(const DecideSpec& spec) {
  if (!std::isfinite(spec.threshold)) {
    return fail(ErrorCode::config, "decide.threshold: a finite number expected, got " +
                                       std::to_string(spec.threshold));
  }
  if (!(std::isfinite(spec.review) && spec.review <= spec.threshold)) {
    return fail(ErrorCode::config, "decide.review: at most the threshold of " +
                                       std::to_string(spec.threshold) + " expected, got " +
                                       std::to_string(spec.review));
  }
  if (spec.hold_off.count() < 0) {
    return fail(ErrorCode::config, "decide.hold_off: no negative span expected, got " +
                                       std::to_string(spec.hold_off.count()) + "ns");
  }
  if (!(spec.review_budget.random >= 0 && spec.review_budget.random <= 1)) {
    return fail(ErrorCode::config, "decide.review_budget.random: 0 to 1 expected, got " +
                                       std::to_string(spec.review_budget.random));
  }
  return std::make_unique<DecideStage>(spec);
}

DecideStage::DecideStage(const DecideSpec& spec)
    : threshold_(static_cast<float>(spec.threshold)),
      review_(static_cast<float>(spec.review)),
      hold_off_ns_(static_cast<std::uint64_t>(spec.hold_off.count())),
      budget_(spec.review_budget.per_day > 0 ? std::optional<ReviewBudget>(spec.review_budget)
                                             : std::nullopt) {}

Wiring DecideStage::wiring() const {
  return {.reads = {"time", "score"}, .adds = {"label", "confidence", "route"}};
}

void DecideStage::run(Batch& batch, const StateView& state) {
  OUZEL_CHECK(batch.score.size() == batch.rows());
  batch.confidence.assign(batch.rows(), 0.0F);
  batch.label.assign(batch.rows(), Label::normal);
  batch.route.assign(batch.rows(), Route::pass);
  fail_unscored(batch);
  auto* const spent = budget_ ? state.lane<ReviewBudget::State>() : nullptr;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (batch.live(row)) decide_row(batch, row, *state.key<LastAlert>(row), spent);
  }
}

void DecideStage::fail_unscored(Batch& batch) const {
  std::vector<Batch::Explained> unscored;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (!batch.live(row) || std::isfinite(batch.score[row])) continue;
    batch.fate[row] = Fate::model_failed;
    unscored.push_back({.row = row, .detail = failure_text(batch.score[row])});
  }
  if (!unscored.empty()) batch.explain(unscored);
}

void DecideStage::decide_row(Batch& batch, std::size_t row, LastAlert& last,
                             ReviewBudget::State* spent) const {
  const float score = batch.score[row];
  const bool warming = (batch.flags[row] & kFlagWarming) != 0;
  batch.confidence[row] = confidence(score);
  if (spent != nullptr) ReviewBudget::advance(*spent, batch.time[row]);
  if (score < threshold_) {
    if (!warming) decide_below(batch, row, spent);
    return;
  }
  batch.label[row] = Label::anomaly;
  if (warming) return;
  const EventTime time = batch.time[row];
  if (held(last, time)) {
    batch.flags[row] |= kFlagHoldOff;
    return;
  }
  batch.route[row] = Route::alert;
  last = {.time = last.known != 0 ? std::max(last.time, time) : time, .known = 1};
}

/// A row below the threshold that is not warming.
void DecideStage::decide_below(Batch& batch, std::size_t row, ReviewBudget::State* spent) const {
  const float score = batch.score[row];
  const bool candidate = score >= review_;
  if (spent == nullptr) {
    if (candidate) batch.route[row] = Route::review;
    return;
  }
  const Hash128& identity = batch.identity[row];
  bool taken = budget_->take_random(*spent, identity);
  if (candidate) {
    const double uncertainty = (double{score} - review_) / (double{threshold_} - review_);
    taken |= budget_->take_uncertain(*spent, uncertainty, identity, taken);
    if (!taken) batch.flags[row] |= kFlagReviewFull;
  }
  if (taken) batch.route[row] = Route::review;
}

float DecideStage::confidence(float score) const {
  if (threshold_ <= 0 || threshold_ > 1) {
    const float distance = std::abs(score - threshold_);
    return 0.5F + 0.5F * (distance / (distance + std::max(1.0F, std::abs(threshold_))));
  }
  const float s = std::clamp(score, 0.0F, 1.0F);
  if (s < threshold_) return 0.5F + 0.5F * ((threshold_ - s) / threshold_);
  if (threshold_ == 1) return 0.5F;
  return 0.5F + 0.5F * ((s - threshold_) / (1.0F - threshold_));
}

/// Unsigned differences: two event times may be further apart than 63 bits of nanoseconds.
bool DecideStage::held(const LastAlert& last, EventTime time) const {
  if (last.known == 0) return false;
  const auto [earlier, later] = std::minmax(last.time, time);
  const auto ns = [](EventTime at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
  };
  return ns(later) - ns(earlier) < hold_off_ns_;
}

}  // namespace ouzel
