#include "ouzel/feature/distinct_part.h"

namespace ouzel {

void DistinctPart::run(const FeatureBlock& block, std::size_t offset) {
  BlockWords words;
  read_words(block, input_, field_, words);
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    block.prefetch(i, offset);
    State& state = *reinterpret_cast<State*>(block.key(i, offset));
    const std::int64_t pane = width_.pane(block.time_ns(i));
    std::size_t cleared = 0;
    if (state.clock.advance(pane, [&cleared](std::size_t) { ++cleared; })) {
      drop_old(state, cleared == kPanes);
    }
    if (words.known[i] != 0 && state.clock.holds(pane)) see(state, words.word[i], pane);
    block.feature(i, column_) = state.size;
  }
}

void DistinctPart::drop_old(State& state, bool all) {
  std::uint32_t kept = 0;
  for (std::uint32_t at = 0; at < state.size && !all; ++at) {
    if (age(state, at) >= kPanes) continue;
    state.word[kept] = state.word[at];
    state.pane[kept++] = state.pane[at];
  }
  state.size = kept;
}

void DistinctPart::see(State& state, ValueWord word, std::int64_t pane) {
  const auto short_pane = static_cast<std::uint32_t>(pane);
  std::uint32_t at = 0;
  while (at < state.size && state.word[at] != word) ++at;
  if (at == state.size) {
    if (state.size < kValuesMax) {
      ++state.size;
    } else {
      at = 0;
      for (std::uint32_t other = 1; other < kValuesMax; ++other) {
        if (age(state, other) > age(state, at)) at = other;
      }
    }
    state.word[at] = word;
    state.pane[at] = short_pane;
  } else if (age(state, at) > state.clock.age(pane)) {
    state.pane[at] = short_pane;
  }
}

}  // namespace ouzel
