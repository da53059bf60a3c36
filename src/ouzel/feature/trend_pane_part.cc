#include "ouzel/feature/trend_pane_part.h"

namespace ouzel {

void TrendPanePart::run(const FeatureBlock& block, std::size_t offset) {
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    block.prefetch(i, offset);
    State& state = *reinterpret_cast<State*>(block.key(i, offset));
    const double value = block.value(i, field_);
    const std::int64_t time = block.time_ns(i);
    const std::int64_t pane = width_.pane(time);
    state.clock.advance(pane, [&state](std::size_t place) { state.panes[place].count = 0; });
    if (!std::isnan(value) && state.clock.holds(pane)) add(state, pane, time, value);
    if (rate_column_ != FeatureColumns::kNotAsked) block.feature(i, rate_column_) = rate(state);
    if (slope_column_ != FeatureColumns::kNotAsked) block.feature(i, slope_column_) = slope(state);
  }
}

void TrendPanePart::add(State& state, std::int64_t pane, std::int64_t time, double value) const {
  const auto narrow = static_cast<float>(value);
  if (state.known == 0 || time >= state.newest_time) {
    state.newest_time = time;
    state.newest_value = narrow;
    state.known = 1;
  }
  Pane& of = state.panes[pane_place(pane)];
  if (of.count == 0) of = {};
  if (of.count == 0 || time < of.first_time) {
    of.first_time = time;
    of.first_value = narrow;
  }
  ++of.count;
  const double seconds = static_cast<double>(width_.since_begin(time, pane)) * 1e-9;
  const double apart = seconds - of.time_mean;
  of.time_mean += apart / of.count;
  of.value_mean += (narrow - of.value_mean) / of.count;
  of.squares += apart * (seconds - of.time_mean);
  of.products += apart * (narrow - of.value_mean);
}

double TrendPanePart::rate(const State& state) const {
  for (std::size_t back = kPanes; back-- > 0;) {  // From the oldest pane on.
    const Pane& oldest = pane_before(state, back);
    if (oldest.count == 0) continue;
    return change_per_second(oldest.first_value, oldest.first_time, state.newest_value,
                             state.newest_time);
  }
  return kMissing;
}

double TrendPanePart::slope(const State& state) const {
  double count = 0;
  double time_mean = 0;
  double value_mean = 0;
  double squares = 0;
  double products = 0;
  std::int64_t first = state.newest_time;
  for (std::size_t back = kPanes; back-- > 0;) {
    const Pane& of = pane_before(state, back);
    if (of.count == 0) continue;
    first = std::min(first, of.first_time);
    const double begin = -static_cast<double>(back) * static_cast<double>(width_.ns()) * 1e-9;
    const double time_apart = begin + of.time_mean - time_mean;
    const double value_apart = of.value_mean - value_mean;
    const double both = count + of.count;
    squares += of.squares + time_apart * time_apart * (count * of.count / both);
    products += of.products + time_apart * value_apart * (count * of.count / both);
    time_mean += time_apart * (of.count / both);
    value_mean += value_apart * (of.count / both);
    count = both;
  }
  if (count < 2 || first == state.newest_time) return kMissing;
  return products / squares;
}

}  // namespace ouzel
