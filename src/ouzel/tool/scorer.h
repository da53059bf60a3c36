/// Scorer: the pipeline as a function from events to outcomes, in memory. Every partition has its
/// state, its limits and its own search for duplicates, as in a running engine, and its outcomes
/// are made by the same code, so what comes out is what `run` would have given.
///
/// One thing must differ, since a function has no clock: every event counts as accepted at its own
/// time. So none is `clock_ahead`, and an event without a time has that of the event before it; the
/// first one that of 1970-01-01. A duplicate has no outcome.
///
/// `plan` must outlive it. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/decode/decoder.h"
#include "ouzel/lane/plan.h"
#include "ouzel/lane/row_runner.h"
#include "ouzel/log/duplicates.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {

class Scorer {
 public:
  Scorer(const Plan& plan, const Clock& clock);
  ~Scorer();
  Scorer(const Scorer&) = delete;
  Scorer& operator=(const Scorer&) = delete;

  /// Takes an event. What a door would refuse becomes a rejection; `given` as in Decoder.
  void add(Envelope envelope, const Envelope& given, std::string_view bytes);
  /// So many events wait that `flush` should be called.
  bool full() const { return order_.size() >= rows_max_; }
  /// Appends the outcomes of the events added since, a line of JSON each, in the order of `add`.
  void flush(std::string& out);

  std::uint64_t duplicates() const { return duplicates_; }
  /// Of all partitions, of what was flushed.
  Totals totals() const;
  /// The first event that was rejected, and why; empty: none was.
  const std::string& first_rejection() const { return first_rejection_; }

 private:
  struct Part;
  Part& part_of(PartitionId partition);

  const Plan& plan_;
  const Clock& clock_;
  const std::size_t rows_max_;
  const InForce in_force_;
  Decoder decoder_;
  std::vector<std::unique_ptr<Part>> parts_;  ///< By partition; null: no event so far.
  std::vector<PartitionId> order_;            ///< Of the events that wait.
  EventTime last_time_{};
  std::uint64_t duplicates_ = 0;
  std::string first_rejection_;
};

}  // namespace ouzel
