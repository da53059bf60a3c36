/// log2, exp2 and friends on floats from integer and basic float operations alone, so that one
/// build gives the same bits on every CPU (libm picks variants by CPU). Accurate to about 1e-6;
/// domains are stated and not checked. Pure functions.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace ouzel::detector {

/// Minimum, maximum and bounds without a branch: by value, in the one form that compiles to a
/// single instruction (the standard ones go through references and branch). No NaN in, none out.
template <class T>
inline T lower_of(T a, T b) {
  return a < b ? a : b;
}
template <class T>
inline T upper_of(T a, T b) {
  return a > b ? a : b;
}
template <class T>
inline T within(T x, T low, T high) {
  return lower_of(upper_of(x, low), high);
}

/// log2 of a positive normal float. log2(m) on [sqrt(1/2), sqrt(2)) by the odd series of
/// atanh((m - 1) / (m + 1)).
inline float log2_of(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t shifted = bits - 0x3f3504f3U;
  const auto exponent = static_cast<std::int32_t>(shifted) >> 23;
  const float m = std::bit_cast<float>(bits - (static_cast<std::uint32_t>(exponent) << 23));
  const float t = (m - 1.0F) / (m + 1.0F);
  const float s = t * t;
  const float series = t * (2.8853901F + s * (0.9617967F + s * (0.5770780F + s * 0.4121986F)));
  return static_cast<float>(exponent) + series;
}

/// 2^x for x in [-120, 120]; smaller gives 2^-120, larger 2^120.
inline float exp2_of(float x) {
  x = within(x, -120.0F, 120.0F);
  const float whole = std::floor(x + 0.5F);
  const float f = (x - whole) * 0.69314718F;
  const float series =
      1.0F + f * (1.0F + f * (0.5F + f * (0.16666667F + f * (0.041666667F + f * 0.0083333333F))));
  const auto exponent = static_cast<std::int32_t>(whole) + 127;
  return series * std::bit_cast<float>(static_cast<std::uint32_t>(exponent) << 23);
}

inline constexpr float kLn2 = 0.69314718F;
inline float log_of(float x) { return log2_of(x) * kLn2; }
inline float exp_of(float x) { return exp2_of(x / kLn2); }

}  // namespace ouzel::detector
