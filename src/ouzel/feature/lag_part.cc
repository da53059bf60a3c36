#include "ouzel/feature/lag_part.h"

namespace ouzel {

LagPart::LagPart(const FeatureWindow& window) : field_(window.field), lags_(window.lags) {
  for (const LagColumn& lag : lags_) deepest_ = std::max(deepest_, lag.back);
}

void LagPart::run(const FeatureBlock& block, std::size_t offset) {
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    block.prefetch(i, offset);
    Head& head = *reinterpret_cast<Head*>(block.key(i, offset));
    auto* const ring = reinterpret_cast<double*>(&head + 1);
    for (const LagColumn& lag : lags_) {
      if (head.count < lag.back) continue;
      const std::uint32_t at =
          head.next >= lag.back ? head.next - lag.back : head.next + deepest_ - lag.back;
      block.feature(i, lag.column) = ring[at];
    }
    const double value = block.value(i, field_);
    if (std::isnan(value)) continue;
    ring[head.next] = value;
    head.count = std::min(head.count + 1, deepest_);
    head.next = head.next + 1 == deepest_ ? 0 : head.next + 1;
  }
}

}  // namespace ouzel
