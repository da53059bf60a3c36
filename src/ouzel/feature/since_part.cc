#include "ouzel/feature/since_part.h"

namespace ouzel {

void SincePart::run(const FeatureBlock& block, std::size_t offset) {
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    block.prefetch(i, offset);
    State& state = *reinterpret_cast<State*>(block.key(i, offset));
    const std::int64_t time = block.time_ns(i);
    if (state.known != 0) block.feature(i, column_) = seconds_between(state.newest, time);
    if (!has_value(block, i)) continue;
    state.newest = state.known != 0 ? std::max(state.newest, time) : time;
    state.known = 1;
  }
}

bool SincePart::has_value(const FeatureBlock& block, std::size_t i) const {
  switch (input_) {
    case FeatureInput::number: return !std::isnan(block.value(i, field_));
    case FeatureInput::text: return !block.text(i, field_).empty();
    case FeatureInput::event: return true;
  }
  return true;
}

}  // namespace ouzel
