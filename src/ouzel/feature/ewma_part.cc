#include "ouzel/feature/ewma_part.h"

#include <bit>
#include <numbers>

namespace ouzel {

Decay decay(double u) {
  if (!(u < 708.0)) return {.left = 0, .gone = 1};
  // ln 2 in two parts, the first with enough trailing zero bits for k * part to be exact.
  constexpr double kLn2High = 0x1.62e42feep-1;
  constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
  constexpr std::array<double, 13> kCoefficients = [] {  // 1 / 1!, 1 / 2!, …
    std::array<double, 13> out{};
    double factorial = 1;
    for (std::size_t n = 0; n < out.size(); ++n) {
      factorial *= static_cast<double>(n + 1);
      out[n] = 1 / factorial;
    }
    return out;
  }();
  const auto k = static_cast<std::int64_t>(u * std::numbers::log2e + 0.5);
  const double r = (static_cast<double>(k) * kLn2High - u) + static_cast<double>(k) * kLn2Low;
  double series = kCoefficients.back();
  for (std::size_t n = kCoefficients.size() - 1; n-- > 0;) {
    series = series * r + kCoefficients[n];
  }
  const double grown = r * series;  // exp(r) - 1
  if (k == 0) return {.left = 1 + grown, .gone = -grown};
  const auto power = std::bit_cast<double>(static_cast<std::uint64_t>(1023 - k) << 52);  // 2^-k
  const double left = (1 + grown) * power;
  return {.left = left, .gone = 1 - left};
}

void EwmaPart::run(const FeatureBlock& block, std::size_t offset) {
  BlockValues out;
  if (span_ns_ == 0) {
    run_last(block, offset, out);
  } else {
    run_in_span(block, offset, out);
  }
  block.write(column_, [&](std::size_t i) { return out[i]; });
}

void EwmaPart::run_last(const FeatureBlock& block, std::size_t offset, BlockValues& out) const {
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    block.prefetch(i, offset);
    Average& state = *reinterpret_cast<Average*>(block.key(i, offset));
    const double value = block.value(i, field_);
    if (!std::isnan(value)) {
      state.value = state.known != 0 ? (1 - alpha_) * state.value + alpha_ * value : value;
      state.known = 1;
    }
    out[i] = state.known != 0 ? state.value : kMissing;
  }
}

void EwmaPart::run_in_span(const FeatureBlock& block, std::size_t offset, BlockValues& out) const {
  const double span = static_cast<double>(span_ns_);
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    block.prefetch(i, offset);
    TimedAverage& state = *reinterpret_cast<TimedAverage*>(block.key(i, offset));
    const double value = block.value(i, field_);
    const std::int64_t time = block.time_ns(i);
    if (!std::isnan(value)) {
      if (state.known == 0) {
        state = {.value = value, .known = 1, .time = time};
      } else if (time > state.time) {
        const double elapsed = static_cast<double>(static_cast<std::uint64_t>(time) -
                                                   static_cast<std::uint64_t>(state.time));
        const auto [left, gone] = decay(elapsed / span);
        state.value = left * state.value + gone * value;
        state.time = time;
      }
    }
    out[i] = state.known != 0 ? state.value : kMissing;
  }
}

}  // namespace ouzel
