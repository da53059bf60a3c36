#include "ouzel/feature/latest_part.h"

namespace ouzel {

void LatestPart::run(const FeatureBlock& block, std::size_t offset) {
  BlockLatest out;
  if (span_ns_ == 0) {
    run_accepted(block, offset, out);
  } else {
    run_in_span(block, offset, out);
  }
  block.write(columns_.of(FeatureFunction::last), [&](std::size_t i) { return out[i].last; });
  block.write(columns_.of(FeatureFunction::delta), [&](std::size_t i) { return out[i].delta; });
}

void LatestPart::run_accepted(const FeatureBlock& block, std::size_t offset,
                              BlockLatest& out) const {
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    block.prefetch(i, offset);
    Accepted& state = *reinterpret_cast<Accepted*>(block.key(i, offset));
    const double value = block.value(i, field_);
    const double before = state.known != 0 ? state.value : kMissing;
    out[i].delta = value - before;
    if (!std::isnan(value)) state = {.value = value, .known = 1};
    out[i].last = std::isnan(value) ? before : value;
  }
}

void LatestPart::run_in_span(const FeatureBlock& block, std::size_t offset,
                             BlockLatest& out) const {
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    block.prefetch(i, offset);
    InSpan& state = *reinterpret_cast<InSpan*>(block.key(i, offset));
    const double value = block.value(i, field_);
    const std::int64_t time = block.time_ns(i);
    state.newest = state.started != 0 ? std::max(state.newest, time) : time;
    state.started = 1;
    const auto latest = [&] {
      const std::uint64_t age =
          static_cast<std::uint64_t>(state.newest) - static_cast<std::uint64_t>(state.time);
      return state.known != 0 && age < static_cast<std::uint64_t>(span_ns_) ? state.value
                                                                            : kMissing;
    };
    out[i].delta = value - latest();
    if (!std::isnan(value) && (state.known == 0 || time >= state.time)) {
      state.value = value;
      state.time = time;
      state.known = 1;
    }
    out[i].last = latest();
  }
}

}  // namespace ouzel
