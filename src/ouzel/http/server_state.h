/// What all I/O threads of one server share: settings that never change, and counters.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "ouzel/base/clock.h"
#include "ouzel/http/body_buffer.h"
#include "ouzel/http/router.h"
#include "ouzel/http/server.h"

namespace ouzel::http {

struct ServerState {
  ServerState(ServerOptions given, Router routes, const Clock& time)
      : options(std::move(given)),
        router(std::move(routes)),
        clock(time),
        budget(options.limits.buffered_bytes_max) {}

  const ServerOptions options;
  const Router router;
  const Clock& clock;
  bool loopback = false;  ///< Listens on loopback only; set before the threads start.
  ByteBudget budget;
  std::atomic<std::uint64_t> connections{0}, connections_total{0}, connections_refused{0};
  std::atomic<std::uint64_t> requests_2xx{0}, requests_4xx{0}, requests_5xx{0}, received_bytes{0};
};

inline void bump(std::atomic<std::uint64_t>& cell, std::uint64_t by = 1) {
  cell.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace ouzel::http
