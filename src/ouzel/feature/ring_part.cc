#include "ouzel/feature/ring_part.h"

#include <functional>

namespace ouzel {
namespace {

constexpr double kPeakFall = 0x1p-16;

std::size_t padded(std::size_t bytes) { return (bytes + 7) / 8 * 8; }

}  // namespace

RingPart::RingPart(const FeatureWindow& window)
    : field_(window.field), last_(window.last), columns_(window.columns) {
  const WindowNeeds needs(columns_);
  const auto take = [this](std::size_t bytes) {
    const std::size_t at = key_bytes_;
    key_bytes_ += padded(bytes);
    return at;
  };
  if (needs.moments) moments_at_ = take(sizeof(Moments));
  if (needs.moments || needs.min || needs.max) ring_at_ = take(last_ * sizeof(float));
  const bool wedges = last_ > kSearchedLastMax;
  const std::size_t wedge_bytes = sizeof(Wedge) + last_ * sizeof(std::uint16_t);
  if (wedges) {
    if (needs.min) min_at_ = take(wedge_bytes);
    if (needs.max) max_at_ = take(wedge_bytes);
  } else if (needs.min || needs.max) {
    min_at_ = take(2 * sizeof(float));
    max_at_ = min_at_ + sizeof(float);
  }
  run_rows_ = choose_for(needs, [wedges]<bool kMoments, bool kMin, bool kMax>() -> RunRows {
    return wedges ? &RingPart::run_rows<kMoments, kMin, kMax, true>
                  : &RingPart::run_rows<kMoments, kMin, kMax, false>;
  });
}

void RingPart::run(const FeatureBlock& block, std::size_t offset) {
  BlockStats stats;
  (this->*run_rows_)(block, offset, stats);
  write_stats(block, stats, columns_);
}

template <bool kMoments, bool kMin, bool kMax, bool kWedge>
void RingPart::run_rows(const FeatureBlock& block, std::size_t offset, BlockStats& stats) const {
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    block.prefetch(i, offset);
    if (i + kFeatureRowsNear < block.rows.size()) {
      prefetch<kMoments, kMin, kMax, kWedge>(block.key(i + kFeatureRowsNear, offset));
    }
    std::byte* const key = block.key(i, offset);
    const auto value = static_cast<float>(block.value(i, field_));
    if (!std::isnan(value)) {
      if constexpr (kMoments) {
        WindowStats before;
        before.count = head(key).count;
        before.mean = moments(key).mean;
        before.m2 = moments(key).m2;
        stats[i].zscore = zscore(value, before, kGrain);
      }
      push<kMoments, kMin, kMax, kWedge>(key, value);
    }
    read<kMoments, kMin, kMax, kWedge>(key, stats[i]);
  }
}

/// A key may come again before its turn; then another place is touched, which costs time only.
template <bool kMoments, bool kMin, bool kMax, bool kWedge>
void RingPart::prefetch(std::byte* key) const {
  if constexpr (kMoments) __builtin_prefetch(&moments(key));
  if constexpr (kMoments || kMin || kMax) __builtin_prefetch(ring(key) + head(key).next);
  if constexpr (kMin) __builtin_prefetch(key + min_at_);
  if constexpr (kMax) __builtin_prefetch(key + max_at_);
}

template <bool kMoments, bool kMin, bool kMax, bool kWedge>
void RingPart::push(std::byte* key, float value) const {
  Head& at = head(key);
  // The extremes first: they ask which value is about to go.
  if constexpr (kMin && kWedge) {
    push_wedge<std::less<float>>(wedge(key, min_at_), at, ring(key), value);
  }
  if constexpr (kMax && kWedge) {
    push_wedge<std::greater<float>>(wedge(key, max_at_), at, ring(key), value);
  }
  if constexpr (kMin && !kWedge) {
    push_extreme<std::less<float>>(extreme(key, min_at_), at, ring(key), value);
  }
  if constexpr (kMax && !kWedge) {
    push_extreme<std::greater<float>>(extreme(key, max_at_), at, ring(key), value);
  }
  if constexpr (kMoments) slide(key, value);
  if constexpr (kMoments || kMin || kMax) ring(key)[at.next] = value;
  if (at.count < last_) ++at.count;
  at.next = at.next + 1 == last_ ? 0 : at.next + 1;
  if constexpr (kMoments) {
    Moments& of = moments(key);
    of.peak = std::max(of.peak, of.m2);
    if (at.next == 0 || of.m2 < of.peak * kPeakFall) recompute(key);
  }
}

/// Before `value` is in the ring.
void RingPart::slide(std::byte* key, double value) const {
  const Head& at = head(key);
  Moments& of = moments(key);
  if (at.count < last_) {
    const double before = value - of.mean;
    of.sum += value;
    of.mean = of.sum / (at.count + 1.0);
    of.m2 += before * (value - of.mean);
    return;
  }
  const double old = ring(key)[at.next];
  const double mean_before = of.mean;
  const double change = value - old;
  of.sum += change;
  of.mean = of.sum / last_;
  of.m2 += change * ((value - of.mean) + (old - mean_before));
}

void RingPart::recompute(std::byte* key) const {
  const std::span<const float> values(ring(key), head(key).count);
  Moments& of = moments(key);
  of.sum = 0;
  for (const double value : values) of.sum += value;
  of.mean = of.sum / static_cast<double>(values.size());
  of.m2 = 0;
  for (const double value : values) of.m2 += (value - of.mean) * (value - of.mean);
  of.peak = of.m2;
}

/// `Keeps`(a, b): a stays the extreme although b has come.
template <class Keeps>
void RingPart::push_extreme(float& extreme, const Head& head, const float* ring,
                            float value) const {
  if (head.count == 0 || !Keeps{}(extreme, value)) {
    extreme = value;
    return;
  }
  if (head.count < last_ || ring[head.next] != extreme) return;
  float found = value;
  for (std::uint32_t at = 0; at < last_; ++at) {
    if (at != head.next && Keeps{}(ring[at], found)) found = ring[at];
  }
  extreme = found;
}

template <class Keeps>
void RingPart::push_wedge(Wedge& wedge, const Head& head, const float* ring, float value) const {
  auto* const positions = reinterpret_cast<std::uint16_t*>(&wedge + 1);
  const auto circled = [this](std::uint32_t at) { return at >= last_ ? at - last_ : at; };
  if (wedge.size > 0 && head.count == last_ && positions[wedge.first] == head.next) {
    wedge.first = circled(wedge.first + 1);
    --wedge.size;
  }
  while (wedge.size > 0 &&
         !Keeps{}(ring[positions[circled(wedge.first + wedge.size - 1)]], value)) {
    --wedge.size;
  }
  positions[circled(wedge.first + wedge.size)] = static_cast<std::uint16_t>(head.next);
  ++wedge.size;
}

template <bool kMoments, bool kMin, bool kMax, bool kWedge>
void RingPart::read(std::byte* key, WindowStats& stats) const {
  stats.count = head(key).count;
  if constexpr (kMoments) {
    const Moments& of = moments(key);
    stats.sum = of.sum;
    stats.mean = of.mean;
    stats.m2 = of.m2;
  }
  const auto oldest_of = [&](std::size_t wedge_at) {
    const Wedge& positions = wedge(key, wedge_at);
    return ring(key)[reinterpret_cast<const std::uint16_t*>(&positions + 1)[positions.first]];
  };
  if constexpr (kMin) stats.min = kWedge ? oldest_of(min_at_) : extreme(key, min_at_);
  if constexpr (kMax) stats.max = kWedge ? oldest_of(max_at_) : extreme(key, max_at_);
}

}  // namespace ouzel
