#include "ouzel/feature/sample_part.h"

#include <cstring>

namespace ouzel {

void SamplePart::run(const FeatureBlock& block, std::size_t offset) {
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    block.prefetch(i, offset);
    State& state = *reinterpret_cast<State*>(block.key(i, offset));
    const double value = block.value(i, field_);
    const std::int64_t pane = width_.pane(block.time_ns(i));
    state.clock.advance(pane, [&state](std::size_t place) { empty(state, place); });
    if (!std::isnan(value) && state.clock.holds(pane)) {
      take(state, pane_place(pane), word_of(value), block.chance(i));
    }
    for (const QuantileColumn& column : quantiles_) {
      block.feature(i, column.column) = quantile(state, column.millionths);
    }
  }
}

void SamplePart::take(State& state, std::size_t place, ValueWord word, std::uint64_t chance) {
  const std::uint32_t count = ++state.count[place];
  if (count > kKept) {
    const auto number =
        static_cast<std::uint64_t>((static_cast<unsigned __int128>(chance) * count) >> 64);
    if (number >= kKept) return;
    remove(state, place, number);
  }
  insert(state, place, word);
}

void SamplePart::empty(State& state, std::size_t place) {
  if (state.count[place] == 0) return;
  state.count[place] = 0;
  std::uint32_t kept = 0;
  for (std::uint32_t at = 0; at < state.size; ++at) {
    if (state.place[at] == place) continue;
    state.word[kept] = state.word[at];
    state.place[kept++] = state.place[at];
  }
  state.size = kept;
}

void SamplePart::insert(State& state, std::size_t place, ValueWord word) {
  const auto* const found = std::upper_bound(state.word, state.word + state.size, word);
  const auto at = static_cast<std::size_t>(found - state.word);
  std::memmove(state.word + at + 1, state.word + at, (state.size - at) * sizeof(ValueWord));
  std::memmove(state.place + at + 1, state.place + at, state.size - at);
  state.word[at] = word;
  state.place[at] = static_cast<std::uint8_t>(place);
  ++state.size;
}

/// Of the pane at `place` the value number `number`, counted from the smallest.
void SamplePart::remove(State& state, std::size_t place, std::uint64_t number) {
  std::size_t at = 0;
  while (state.place[at] != place || number-- > 0) ++at;
  --state.size;
  std::memmove(state.word + at, state.word + at + 1, (state.size - at) * sizeof(ValueWord));
  std::memmove(state.place + at, state.place + at + 1, state.size - at);
}

double SamplePart::quantile(const State& state, std::uint32_t millionths) const {
  if (state.size == 0) return kMissing;
  std::uint64_t total = 0;
  double weight[kPanes];
  for (std::size_t place = 0; place < kPanes; ++place) {
    const std::uint32_t count = state.count[place];
    total += count;
    weight[place] = count <= kKept ? 1 : count / static_cast<double>(kKept);
  }
  const auto rank = static_cast<double>(rank_of(millionths, total));
  double below = 0;
  for (std::size_t at = 0; at + 1 < state.size; ++at) {
    below += weight[state.place[at]];
    if (below >= rank) return number_of(state.word[at]);
  }
  return number_of(state.word[state.size - 1]);
}

}  // namespace ouzel
