/// DistinctPart: how many different values of a field of a key occurred within a span of event time
/// (panes and window: pane_clock.h).
///
/// Exact up to 64 (for texts see value_word.h); 64 means "64 or more". Each value is kept with the
/// newest pane that had it; a new one where there is no room takes the place of the one that has
/// not come for the longest time, so the number falls again when the values become fewer. An event
/// costs one pass over at most 64 words: about 30 ns.
///
/// Bytes per key: 16 + 8 + 512.
#pragma once

#include "ouzel/feature/feature_part.h"
#include "ouzel/feature/pane_clock.h"
#include "ouzel/feature/value_word.h"

namespace ouzel {

class DistinctPart final : public FeaturePart {
 public:
  explicit DistinctPart(const FeatureWindow& window)
      : input_(window.input),
        field_(window.field),
        width_(window.over),
        column_(window.columns.of(FeatureFunction::distinct)) {}
  std::size_t key_bytes() const override { return sizeof(State); }
  void run(const FeatureBlock& block, std::size_t offset) override;

 private:
  static constexpr std::uint32_t kValuesMax = 64;

  struct State {
    PaneClock clock;
    std::uint32_t size;
    std::uint32_t unused;
    ValueWord word[kValuesMax];
    std::uint32_t pane[kValuesMax];  ///< Low bits of its newest pane's number.
  };
  static_assert(sizeof(State) % 8 == 0);

  static std::uint32_t age(const State& state, std::size_t at) {
    return static_cast<std::uint32_t>(state.clock.newest) - state.pane[at];
  }
  static void drop_old(State& state, bool all);
  static void see(State& state, ValueWord word, std::int64_t pane);

  const FeatureInput input_;
  const std::size_t field_;
  const PaneWidth width_;
  const std::uint32_t column_;
};

}  // namespace ouzel
