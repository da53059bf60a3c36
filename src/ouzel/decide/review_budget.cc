#include "ouzel/decide/review_budget.h"

#include <algorithm>
#include <cmath>

namespace ouzel {
namespace {

constexpr std::int64_t kDayNs = 86'400'000'000'000;
constexpr double kHour = 1.0 / 24;
constexpr double kMinute = 1.0 / 1440;

std::int64_t day_of(std::int64_t ns) { return ns / kDayNs - (ns % kDayNs < 0 ? 1 : 0); }

/// 0 at midnight, below 1.
double part_of_day(std::int64_t ns) {
  const std::int64_t rest = ns % kDayNs;
  return static_cast<double>(rest < 0 ? rest + kDayNs : rest) / static_cast<double>(kDayNs);
}

/// In [0, 1).
double chance(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

}  // namespace

ReviewBudget::ReviewBudget(const ReviewBudgetSpec& spec)
    : random_(
          static_cast<std::uint64_t>(std::floor(static_cast<double>(spec.per_day) * spec.random))),
      uncertain_(spec.per_day - random_) {}

void ReviewBudget::advance(State& state, EventTime time) {
  const std::int64_t ns = time.time_since_epoch().count();
  if (state.known == 0) {
    state.known = 1;
    state.now = ns;
    state.began = part_of_day(ns);
    return;
  }
  if (ns <= state.now) return;
  const std::int64_t days = day_of(ns) - day_of(state.now);
  state.now = ns;
  if (days == 0) return;
  const bool yesterday = days == 1;
  state.earlier_days = yesterday ? 1 - state.began : 0;
  state.events_earlier = yesterday ? state.events : 0;
  state.candidates_earlier = yesterday ? state.candidates : decltype(state.candidates){};
  state.began = yesterday ? 0 : part_of_day(ns);
  state.events = 0;
  state.candidates = {};
  state.spent = 0;
  state.spent_random = 0;
}

bool ReviewBudget::take_random(State& state, const Hash128& identity) const {
  ++state.events;
  if (!in_pace(state, state.spent_random, random_)) return false;
  const auto left = static_cast<double>(random_ - state.spent_random);
  const double rest = expected(state, state.events + state.events_earlier);
  if (chance(identity.high) * rest >= left) return false;
  ++state.spent_random;
  return true;
}

bool ReviewBudget::take_uncertain(State& state, double uncertainty, const Hash128& identity,
                                  bool taken) const {
  const auto mine = std::min(kClasses - 1, static_cast<std::size_t>(uncertainty * kClasses));
  ++state.candidates[mine];
  if (taken || !in_pace(state, state.spent, uncertain_)) return false;
  std::uint64_t above = 0;
  for (std::size_t i = mine + 1; i < kClasses; ++i) {
    above += std::uint64_t{state.candidates[i]} + state.candidates_earlier[i];
  }
  const std::uint64_t same = std::uint64_t{state.candidates[mine]} + state.candidates_earlier[mine];
  const double left = static_cast<double>(uncertain_ - state.spent) - expected(state, above);
  if (chance(identity.low) * expected(state, same) >= left) return false;
  ++state.spent;
  return true;
}

double ReviewBudget::expected(const State& state, std::uint64_t count) {
  const double passed = part_of_day(state.now);
  const double covered = std::max(state.earlier_days + passed - state.began, kMinute);
  return static_cast<double>(count) * (1 - passed) / covered;
}

bool ReviewBudget::in_pace(const State& state, std::uint64_t spent, std::uint64_t budget) {
  const double pace = std::min(1.0, part_of_day(state.now) - state.began + kHour);
  return static_cast<double>(spent) <
         std::min(static_cast<double>(budget), std::ceil(static_cast<double>(budget) * pace));
}

}  // namespace ouzel
