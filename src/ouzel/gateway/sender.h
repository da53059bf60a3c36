/// Sender: posts event lines to a receiver's `POST /events`, from a bounded queue, on its own
/// threads, one kept connection each. What is offered to one connection arrives in that order.
///
/// A refusal that may pass later (429, 503, `"retry":true`) and a lost connection are answered by
/// sending the same bytes again, so the receiver finds what it had as duplicates; the next request
/// of that connection waits behind it, so the order holds.
///
/// `offer`, `put` and `drain` belong to one thread; `report` and `stop` are thread-safe. At the
/// limit of the queue `offer` refuses and `put` waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/base/histogram.h"

namespace ouzel {

/// Whole lines, and when each was due to be sent.
struct EventChunk {
  std::string lines;
  std::vector<SteadyTime> due;
  /// Idempotency-Key. A chunk that has one is a request of its own; others may share one.
  std::string key = {};
};

struct SenderOptions {
  std::string url;  ///< http://host:port, with or without a path.
  std::uint32_t connections = 1;
  std::uint32_t request_events_max = 500;
  std::size_t queue_bytes_max = 64 << 20;                       ///< Of all connections.
  std::chrono::nanoseconds lost_max{std::chrono::seconds(30)};  ///< Unreachable longer: give up.
  /// Called with each request that is answered for good, and the answer's body; from the sender's
  /// threads, so it must be thread-safe. Empty: nobody is told.
  std::function<void(const EventChunk&, const std::string& reply)> answered = {};
};

struct SenderReport {
  std::uint64_t requests = 0;
  std::uint64_t accepted = 0;
  std::uint64_t duplicates = 0;  ///< Not counting those that only a repeat of ours made.
  std::uint64_t refused = 0;     ///< For good.
  std::uint64_t resent = 0;      ///< Events in requests that had to be repeated.
  std::uint64_t queued = 0;      ///< Events not answered yet.
  HistogramTotals latency_ns;    ///< From when an event was due to its answer.
  std::string first_refusal;     ///< The receiver's words.
  std::string failure;           ///< Not empty: gave up, and why.
  bool unreachable = false;      ///< Why it gave up: nobody there.
};

class Sender {
 public:
  /// Waits for the receiver, 3 s at most: it may have been started in the same breath. `clock` must
  /// outlive it. Errors: config (no URL), unavailable (nobody there).
  static Result<std::unique_ptr<Sender>> start(const SenderOptions& options, const Clock& clock);
  virtual ~Sender() = default;
  /// Queues the chunk for a connection (modulo their number) and empties it; false: the queue is
  /// full, or the sender gave up.
  virtual bool offer(std::size_t connection, EventChunk& chunk) = 0;
  /// The same, but waits for room; false: the sender gave up or was stopped.
  virtual bool put(std::size_t connection, EventChunk& chunk) = 0;
  /// Waits until everything is answered, for at most `grace`. True if everything is.
  virtual bool drain(std::chrono::nanoseconds grace) = 0;
  /// Ends the threads; what is queued stays unsent. The destructor does it too.
  virtual void stop() = 0;
  virtual SenderReport report() const = 0;
};

}  // namespace ouzel
