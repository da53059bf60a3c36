/// ReviewBudget: which events a person looks at when there are more than a day has room for.
///
/// A day is a UTC day of event time by the lane's clock, the newest event time of its decided
/// events; a late event is charged to the day that the clock shows. In no such day more than the
/// lane's share of `per_day` goes to review.
///
/// Most uncertain first. Candidates score between `review` and `threshold`; the nearer to the
/// threshold, the less certain the automatic decision. A stream cannot wait for the end of the day,
/// so this is the multi-secretary problem with many values, and the rule is the budget-ratio policy
/// (Arlotto and Gurvich 2019, whose regret does not grow with the number of candidates): an event
/// is taken if what is left of the budget suffices for all candidates expected in the rest of the
/// day that are as uncertain or more. They are expected as they came, in 32 classes of uncertainty,
/// yesterday and today; of the one class that fits only in part, that part is taken by chance.
/// No more is spent than an even pace through the day and an hour's worth ahead of it allow.
///
/// At random: of all events below the threshold, candidates or not, each with the same chance, so
/// that the labels of these say something about all; the chance is what is left of the random share
/// over the number of events expected, at the same pace.
///
/// Chance comes from the event's identity and all else from the lane's state, so the answer is a
/// function of the input. State: 312 bytes per lane. Cost: some 30 ns per candidate.
#pragma once

#include <array>
#include <cstdint>

#include "ouzel/base/hash.h"
#include "ouzel/base/types.h"
#include "ouzel/decide/decide_spec.h"

namespace ouzel {

class ReviewBudget {
 public:
  static constexpr std::size_t kClasses = 32;
  /// What lies in the lane's bytes, all zero at first.
  struct State {
    std::int64_t now;      ///< Newest event time, ns.
    std::uint64_t known;   ///< 0: no event yet.
    double began;          ///< Part of today that had passed at the first event, if today is
                           ///< the first day; else 0.
    double earlier_days;   ///< Part of yesterday that the numbers of earlier cover.
    std::uint64_t events;  ///< Below the threshold, today.
    std::uint64_t events_earlier;
    std::uint32_t spent;
    std::uint32_t spent_random;
    std::array<std::uint32_t, kClasses> candidates;
    std::array<std::uint32_t, kClasses> candidates_earlier;
  };
  static_assert(sizeof(State) == 312);

  /// `per_day` of one lane.
  explicit ReviewBudget(const ReviewBudgetSpec& spec);

  /// For each decided event, before the others.
  static void advance(State& state, EventTime time);
  /// An event below the threshold is taken at random.
  bool take_random(State& state, const Hash128& identity) const;
  /// A candidate is taken; `uncertainty` in [0, 1], 1 at the threshold. Each candidate must come
  /// through here, whether it was taken at random or not (`taken`): it is counted.
  bool take_uncertain(State& state, double uncertainty, const Hash128& identity, bool taken) const;

 private:
  /// How many of what came `count` times may be expected in the rest of today.
  static double expected(const State& state, std::uint64_t count);
  /// `spent` of `budget` leaves room now.
  static bool in_pace(const State& state, std::uint64_t spent, std::uint64_t budget);

  std::uint64_t random_ = 0;
  std::uint64_t uncertain_ = 0;
};

}  // namespace ouzel
