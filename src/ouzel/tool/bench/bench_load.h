/// The load of a benchmark: events of simulated devices, rendered once and sent again and again.
///
/// A lap sends every event of the pool once. Before an event goes out its lap is stamped into its
/// id and the lap's minute into its time, 22 bytes, so that ids stay unique and time goes on: the
/// load costs a few per cent of what it loads. One thread at a time for each pool.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/base/histogram.h"
#include "ouzel/gateway/simulator_spec.h"

namespace ouzel {

/// Events of some of the devices, in their order.
class EventPool {
 public:
  /// Shard `shard` of `shards`: the devices whose number modulo `shards` is `shard`. About
  /// `events` in all shards together, but at least one of every device.
  static Result<EventPool> make(std::uint32_t devices, std::uint64_t events, std::uint32_t shard,
                                std::uint32_t shards);
  /// The next events as lines: `count`, or fewer at the end of a lap. Until the next call.
  std::string_view next(std::size_t count);
  /// How many events the last `next` gave.
  std::size_t taken() const { return taken_; }
  /// Of a lap.
  std::size_t size() const { return lines_.size(); }
  double bytes_per_event() const {
    return static_cast<double>(text_.size()) / static_cast<double>(lines_.size());
  }

 private:
  struct Line {
    std::uint32_t begin = 0, lap = 0, minute = 0;  ///< Where each stands in `text_`.
  };
  void begin_lap();
  std::string text_;
  std::vector<Line> lines_;
  std::size_t at_ = 0, taken_ = 0;
  std::uint64_t lap_ = 0;
  std::string lap_text_, minute_text_;
};

struct LoadResult {
  std::uint64_t accepted = 0;
  std::uint64_t requests = 0;
  std::uint64_t held_up = 0;           ///< Requests sent again: overload.
  std::uint64_t refused = 0;           ///< For good; a benchmark has none.
  HistogramTotals answer_ns;           ///< From when an event was due to its answer.
  std::chrono::nanoseconds behind{0};  ///< How late the last event was sent.
  std::string failure;
};

/// As fast as the receiver answers: one connection and thread a pool, `request_events` a request,
/// for `duration`.
LoadResult load_flat_out(std::vector<EventPool>& pools, std::uint16_t port, const Clock& clock,
                         std::size_t request_events, std::chrono::nanoseconds duration);
/// On a schedule of `rate` events a second, whatever the receiver does; one connection. What is due
/// when an answer has come goes into the next request, at most `request_events`.
LoadResult load_open_loop(EventPool& pool, std::uint16_t port, const Clock& clock, double rate,
                          std::size_t request_events, std::chrono::nanoseconds duration);
/// Every event of the pools once, as fast as the receiver answers.
LoadResult load_once(std::vector<EventPool>& pools, std::uint16_t port, const Clock& clock,
                     std::size_t request_events);

}  // namespace ouzel
