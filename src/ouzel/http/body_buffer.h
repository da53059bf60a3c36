/// Memory of request bodies, bounded for the whole server.
///
/// ByteBudget is shared by all I/O threads. A BodyBuffer belongs to one connection; it grows with
/// what has arrived, never with what was announced, so 1,500 half requests hold what they sent.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "ouzel/http/message.h"

namespace ouzel::http {

/// Thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  bool take(std::size_t bytes) {
    if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= bytes_max_) return true;
    give(bytes);
    return false;
  }
  void give(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> used_{0};
};

/// A share of a budget that is given back with the object.
class BudgetLease {
 public:
  explicit BudgetLease(ByteBudget& budget) : budget_(budget) {}
  BudgetLease(const BudgetLease&) = delete;
  BudgetLease& operator=(const BudgetLease&) = delete;
  ~BudgetLease() { budget_.give(held_); }
  /// False: the budget is spent; the lease is as it was.
  bool resize(std::size_t bytes) {
    if (bytes > held_ && !budget_.take(bytes - held_)) return false;
    if (bytes < held_) budget_.give(held_ - bytes);
    held_ = bytes;
    return true;
  }

 private:
  ByteBudget& budget_;
  std::size_t held_ = 0;
};

class BodyBuffer {
 public:
  static constexpr std::size_t kFirstBytes = 64 << 10;

  explicit BodyBuffer(ByteBudget& budget) : lease_(budget) {}
  /// Takes over memory to write into; `expected` is the announced size, 0 if none was.
  void begin(std::string memory, std::size_t expected) {
    bytes_ = std::move(memory);
    bytes_.clear();
    expected_ = expected;
    capacity_ = 0;
  }
  /// False: the server's budget for bodies is spent.
  bool append(std::string_view more) {
    const std::size_t needed = bytes_.size() + more.size();
    if (needed > capacity_ && !grow(needed)) return false;
    bytes_.append(more);
    return true;
  }
  std::size_t size() const { return bytes_.size(); }
  /// The body, with kBodyPadding zero bytes behind it; lives until release().
  std::string_view finish() {
    const std::size_t size = bytes_.size();
    bytes_.append(kBodyPadding, '\0');
    return std::string_view(bytes_).substr(0, size);
  }
  /// Gives the memory away and its share of the budget back.
  std::string release() {
    lease_.resize(0);
    capacity_ = 0;
    return std::exchange(bytes_, std::string());
  }

 private:
  bool grow(std::size_t needed) {
    std::size_t wanted = std::max(capacity_ * 2, kFirstBytes);
    if (expected_ > 0) wanted = std::min(wanted, expected_);
    wanted = std::max(wanted, needed);
    if (!lease_.resize(wanted)) return false;
    bytes_.reserve(wanted + kBodyPadding);
    capacity_ = wanted;
    return true;
  }

  BudgetLease lease_;
  std::string bytes_;
  std::size_t expected_ = 0;
  std::size_t capacity_ = 0;  ///< Charged to the budget; memory taken over may be larger.
};

}  // namespace ouzel::http
