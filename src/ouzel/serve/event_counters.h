/// EventCounters: what came in by each way, as /metrics and /api/v1/status show it. A value that
/// owns nothing: what it names must outlive it. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "ouzel/gateway/intake.h"

namespace ouzel {

struct EventCounters {
  const IntakeCounters& http;  ///< All zero where that door is closed.
  std::string_view source;     ///< The other way in: `file`, `kafka`; empty: there is none.
  const std::atomic<std::uint64_t>* of_source = nullptr;  ///< Received by it; null: none.

  std::uint64_t from_http() const { return http.received.load(std::memory_order_relaxed); }
  std::uint64_t from_source() const {
    return of_source == nullptr ? 0 : of_source->load(std::memory_order_relaxed);
  }
};

}  // namespace ouzel
