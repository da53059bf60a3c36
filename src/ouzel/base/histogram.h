/// Log-linear histogram of non-negative integers (nanoseconds, rows): 16 buckets an octave, so a
/// value is known within 6.25 %. 3 ns to record. One thread records; any thread reads.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace ouzel {

class Histogram {
 public:
  static constexpr unsigned kSubBits = 4;
  static constexpr std::size_t kBuckets = (64 - kSubBits + 1) << kSubBits;

  void record(std::uint64_t value, std::uint64_t count = 1) {
    bump(buckets_[bucket_of(value)], count);
    bump(count_, count);
    bump(sum_, value * count);
  }
  static constexpr std::size_t bucket_of(std::uint64_t value) {
    if (value < (1U << kSubBits)) return value;
    const unsigned octave = 63 - static_cast<unsigned>(std::countl_zero(value)) - kSubBits;
    return ((octave + 1) << kSubBits) + ((value >> octave) & ((1U << kSubBits) - 1));
  }
  /// Smallest value that is above every value of the bucket.
  static constexpr std::uint64_t upper(std::size_t bucket) {
    if (bucket < (1U << kSubBits)) return bucket + 1;
    const std::size_t octave = (bucket >> kSubBits) - 1;
    const std::uint64_t top = (1U << kSubBits) + (bucket & ((1U << kSubBits) - 1)) + 1;
    return top << octave;
  }

  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  std::uint64_t sum() const { return sum_.load(std::memory_order_relaxed); }
  std::uint64_t bucket(std::size_t index) const {
    return buckets_[index].load(std::memory_order_relaxed);
  }

 private:
  static void bump(std::atomic<std::uint64_t>& cell, std::uint64_t by) {
    cell.store(cell.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint64_t> sum_{0};
};

/// What a reader takes out of one or several histograms.
struct HistogramTotals {
  std::array<std::uint64_t, Histogram::kBuckets> buckets{};
  std::uint64_t count = 0;
  std::uint64_t sum = 0;

  void add(const Histogram& from) {
    for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += from.bucket(i);
    count += from.count();
    sum += from.sum();
  }
  /// Upper bound of the value below which the share `quantile` of all values lies; 0 if empty.
  std::uint64_t quantile(double share) const {
    std::uint64_t total = 0;
    for (const std::uint64_t n : buckets) total += n;
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      seen += buckets[i];
      if (seen > wanted || (seen == total && total > 0)) return Histogram::upper(i);
    }
    return 0;
  }
};

}  // namespace ouzel
