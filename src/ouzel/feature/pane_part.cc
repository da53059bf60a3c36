#include "ouzel/feature/pane_part.h"

namespace ouzel {
PanePart::PanePart(const FeatureWindow& window)
    : field_(window.field), width_(window.over), columns_(window.columns) {
  const WindowNeeds needs(columns_);
  constexpr std::size_t kEntries = kPanes + 1;
  key_bytes_ = sizeof(PaneClock) + kEntries * sizeof(std::uint32_t);
  const auto take = [this](std::size_t entry_bytes) {
    const std::size_t at = key_bytes_;
    key_bytes_ += kEntries * entry_bytes;
    return at;
  };
  static_assert(kEntries * sizeof(float) % 8 == 0);
  if (needs.moments) sum_at_ = take(sizeof(double));
  if (needs.moments) m2_at_ = take(sizeof(double));
  if (needs.min) min_at_ = take(sizeof(float));
  if (needs.max) max_at_ = take(sizeof(float));
  run_rows_ = choose_for(needs, []<bool kMoments, bool kMin, bool kMax>() -> RunRows {
    return &PanePart::run_rows<kMoments, kMin, kMax>;
  });
}

void PanePart::run(const FeatureBlock& block, std::size_t offset) {
  BlockStats stats;
  (this->*run_rows_)(block, offset, stats);
  write_stats(block, stats, columns_);
}

PanePart::Panes PanePart::panes(std::byte* key) const {
  return {.count = reinterpret_cast<std::uint32_t*>(key + sizeof(PaneClock)),
          .sum = reinterpret_cast<double*>(key + sum_at_),
          .m2 = reinterpret_cast<double*>(key + m2_at_),
          .min = reinterpret_cast<float*>(key + min_at_),
          .max = reinterpret_cast<float*>(key + max_at_)};
}

template <bool kMoments, bool kMin, bool kMax>
void PanePart::prefetch(std::byte* key) const {
  const Panes of = panes(key);
  const std::size_t newest = pane_place(reinterpret_cast<const PaneClock*>(key)->newest);
  __builtin_prefetch(of.count + kClosed);
  for (const std::size_t at : {newest, kClosed}) {
    if constexpr (kMoments) __builtin_prefetch(of.sum + at);
    if constexpr (kMoments) __builtin_prefetch(of.m2 + at);
    if constexpr (kMin) __builtin_prefetch(of.min + at);
    if constexpr (kMax) __builtin_prefetch(of.max + at);
  }
}

template <bool kMoments, bool kMin, bool kMax>
void PanePart::run_rows(const FeatureBlock& block, std::size_t offset, BlockStats& stats) const {
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    block.prefetch(i, offset);
    if (i + kFeatureRowsNear < block.rows.size()) {
      prefetch<kMoments, kMin, kMax>(block.key(i + kFeatureRowsNear, offset));
    }
    std::byte* const key = block.key(i, offset);
    PaneClock& clock = *reinterpret_cast<PaneClock*>(key);
    const Panes of = panes(key);
    const double value = block.value(i, field_);
    const std::int64_t pane = width_.pane(block.time_ns(i));
    const bool moved = clock.advance(pane, [&of](std::size_t at) { of.count[at] = 0; });
    const std::size_t newest = pane_place(clock.newest);
    if (moved) close<kMoments, kMin, kMax>(of, newest);
    read<kMoments, kMin, kMax>(of, newest, stats[i]);
    if (std::isnan(value)) continue;
    if constexpr (kMoments) stats[i].zscore = zscore(value, stats[i], kGrain);
    if (!clock.holds(pane)) continue;
    add<kMoments, kMin, kMax>(of, pane_place(pane), value);
    if (pane != clock.newest) close<kMoments, kMin, kMax>(of, newest);
    read<kMoments, kMin, kMax>(of, newest, stats[i]);
  }
}

template <bool kMoments, bool kMin, bool kMax>
void PanePart::add(const Panes& panes, std::size_t at, double value) {
  const auto narrow = static_cast<float>(value);
  const std::uint32_t count = panes.count[at]++;
  if (count == 0) {
    if constexpr (kMoments) panes.sum[at] = value;
    if constexpr (kMoments) panes.m2[at] = 0;
    if constexpr (kMin) panes.min[at] = narrow;
    if constexpr (kMax) panes.max[at] = narrow;
    return;
  }
  if constexpr (kMoments) {  // Welford (1962).
    const double before = value - panes.sum[at] / count;
    panes.sum[at] += value;
    panes.m2[at] += before * (value - panes.sum[at] / (count + 1.0));
  }
  if constexpr (kMin) panes.min[at] = std::min(panes.min[at], narrow);
  if constexpr (kMax) panes.max[at] = std::max(panes.max[at], narrow);
}

template <bool kMoments, bool kMin, bool kMax>
void PanePart::close(const Panes& panes, std::size_t newest) {
  std::uint32_t count = 0;
  double sum = 0;
  float least = std::numeric_limits<float>::infinity();
  float most = -least;
  const auto each = [&](auto&& use) {
    for (std::size_t at = 0; at < kPanes; ++at) {
      if (at != newest && panes.count[at] > 0) use(at);
    }
  };
  each([&](std::size_t at) {
    count += panes.count[at];
    if constexpr (kMoments) sum += panes.sum[at];
    if constexpr (kMin) least = std::min(least, panes.min[at]);
    if constexpr (kMax) most = std::max(most, panes.max[at]);
  });
  panes.count[kClosed] = count;
  if constexpr (kMin) panes.min[kClosed] = least;
  if constexpr (kMax) panes.max[kClosed] = most;
  if constexpr (kMoments) {
    const double mean = sum / count;
    double m2 = 0;
    each([&](std::size_t at) {
      const double apart = panes.sum[at] / panes.count[at] - mean;
      m2 += panes.m2[at] + panes.count[at] * apart * apart;
    });
    panes.sum[kClosed] = sum;
    panes.m2[kClosed] = m2;
  }
}

/// The newest pane and all others, joined.
template <bool kMoments, bool kMin, bool kMax>
void PanePart::read(const Panes& panes, std::size_t newest, WindowStats& stats) {
  const double a = panes.count[kClosed];
  const double b = panes.count[newest];
  stats.count = a + b;
  if (a == 0 || b == 0) {
    const std::size_t only = b == 0 ? kClosed : newest;
    if constexpr (kMoments) stats.sum = panes.sum[only];
    if constexpr (kMoments) stats.mean = stats.sum / stats.count;
    if constexpr (kMoments) stats.m2 = panes.m2[only];
    if constexpr (kMin) stats.min = panes.min[only];
    if constexpr (kMax) stats.max = panes.max[only];
    return;
  }
  if constexpr (kMoments) {
    const double apart = panes.sum[kClosed] / a - panes.sum[newest] / b;
    stats.sum = panes.sum[kClosed] + panes.sum[newest];
    stats.mean = stats.sum / stats.count;
    stats.m2 = panes.m2[kClosed] + panes.m2[newest] + apart * apart * (a * b / stats.count);
  }
  if constexpr (kMin) stats.min = std::min(panes.min[kClosed], panes.min[newest]);
  if constexpr (kMax) stats.max = std::max(panes.max[kClosed], panes.max[newest]);
}

}  // namespace ouzel
