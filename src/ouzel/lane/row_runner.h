/// RowRunner: a plan's stages and the state of one partition. Gives each row its key's state,
/// judges its time and runs the stages; what then becomes of the outcomes is for others to say: a
/// Lane commits them, `ouzel score` prints them.
///
/// Owns stages and state; `plan` and `clock` must outlive it. One thread at a time. All that it
/// remembers lies in its LaneState, so the result depends on the rows and their order alone.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/histogram.h"
#include "ouzel/lane/lane_state.h"
#include "ouzel/lane/plan.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {

class RowRunner {
 public:
  RowRunner(const Plan& plan, const Clock& clock);
  RowRunner(const RowRunner&) = delete;
  RowRunner& operator=(const RowRunner&) = delete;

  /// Adds every stage's columns. `accepted`, or the batch's own column of that name, is the time of
  /// rows without one, and what time.max_future is counted from. The batch has at most
  /// `plan.keys_max` rows.
  void run(Batch& batch, WallTime accepted);

  LaneState& state() { return *state_; }
  const LaneState& state() const { return *state_; }
  /// All that another of the same state hash remembers.
  void take_state(RowRunner& from);
  /// Forgets everything.
  void clear();
  /// Of the live rows so far.
  EventTime newest_event() const { return newest_event_; }
  void set_newest_event(EventTime time) { newest_event_ = time; }

  const std::vector<std::unique_ptr<Stage>>& stages() const { return stages_; }
  /// How long each batch spent in a stage.
  const Histogram& stage_ns(std::size_t stage) const { return *stage_ns_[stage]; }

 private:
  void place_rows(Batch& batch, WallTime accepted);
  void judge_time(Batch& batch, std::size_t row, WallTime accepted);

  const Plan& plan_;
  const Clock& clock_;
  std::vector<std::unique_ptr<Stage>> stages_;
  std::vector<std::unique_ptr<Histogram>> stage_ns_;
  std::unique_ptr<LaneState> state_;
  EventTime newest_event_{};
  std::vector<Batch::Explained> explained_;
  std::vector<std::byte*> rows_;  ///< State of each row of the batch being run.
};

/// Counts the rows of a batch that went through the stages.
void count(Totals& totals, const Batch& batch);

}  // namespace ouzel
