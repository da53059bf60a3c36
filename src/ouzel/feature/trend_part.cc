#include "ouzel/feature/trend_part.h"

namespace ouzel {

void TrendPart::run(const FeatureBlock& block, std::size_t offset) {
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    block.prefetch(i, offset);
    Head& head = *reinterpret_cast<Head*>(block.key(i, offset));
    const double value = block.value(i, field_);
    if (!std::isnan(value)) {
      times(head)[head.next] = block.time_ns(i);
      values(head)[head.next] = static_cast<float>(value);
      head.count = std::min(head.count + 1, last_);
      head.next = head.next + 1 == last_ ? 0 : head.next + 1;
    }
    if (rate_column_ != FeatureColumns::kNotAsked) block.feature(i, rate_column_) = rate(head);
    if (slope_column_ != FeatureColumns::kNotAsked) block.feature(i, slope_column_) = slope(head);
  }
}

double TrendPart::rate(Head& head) const {
  if (head.count < 2) return kMissing;
  const std::int64_t* const time = times(head);
  const std::uint32_t first = head.count < last_ ? 0 : head.next;  // Accepted first.
  std::uint32_t oldest = first;
  std::uint32_t newest = first;
  for (std::uint32_t n = 1; n < head.count; ++n) {
    const std::uint32_t at = first + n < last_ ? first + n : first + n - last_;
    if (time[at] < time[oldest]) oldest = at;
    if (time[at] >= time[newest]) newest = at;
  }
  return change_per_second(values(head)[oldest], time[oldest], values(head)[newest], time[newest]);
}

double TrendPart::slope(Head& head) const {
  if (head.count < 2) return kMissing;
  const std::span<const std::int64_t> time(times(head), head.count);
  const float* const value = values(head);
  double time_sum = 0;
  double value_sum = 0;
  for (std::size_t n = 0; n < time.size(); ++n) {
    time_sum += seconds_between(time[0], time[n]);
    value_sum += value[n];
  }
  const double time_mean = time_sum / head.count;
  const double value_mean = value_sum / head.count;
  double squares = 0;
  double products = 0;
  for (std::size_t n = 0; n < time.size(); ++n) {
    const double apart = seconds_between(time[0], time[n]) - time_mean;
    squares += apart * apart;
    products += apart * (value[n] - value_mean);
  }
  return std::count(time.begin(), time.end(), time[0]) == static_cast<std::ptrdiff_t>(time.size())
             ? kMissing
             : products / squares;
}

}  // namespace ouzel
