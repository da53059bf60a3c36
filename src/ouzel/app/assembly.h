/// Assembly: all that runs one plan on one data directory, made in the order of dependence: engine,
/// doors in, API. A changed pipeline file gets a new Assembly; the server that listens stays.
///
/// Owns its parts; `clock` and `files` must outlive it, and it the requests that its handlers get
/// (app/live.h). `open`, `start` and `stop` belong to one thread.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/app/run.h"
#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"
#include "ouzel/base/random.h"
#include "ouzel/engine/engine.h"
#include "ouzel/gateway/egress/sinks.h"
#include "ouzel/gateway/file_source.h"
#include "ouzel/gateway/http_events.h"
#include "ouzel/gateway/log_door.h"
#include "ouzel/gateway/outcome_waiters.h"
#include "ouzel/http/router.h"
#include "ouzel/http/server.h"
#include "ouzel/serve/api.h"

namespace ouzel {

/// What outlives every assembly.
struct AssemblySeams {
  FileSystem* files = nullptr;
  const Clock* clock = nullptr;
  Random* random = nullptr;
};

/// What the doors counted; goes on from one assembly to the next, as a counter must.
struct DoorCounts {
  std::uint64_t received = 0;
  std::array<std::uint64_t, kFates> refused{};
  std::vector<std::uint64_t> duplicates;  ///< By partition.
};

class Assembly {
 public:
  /// Recovers the data directory. Errors: config (exit 78), corrupt, unavailable.
  static Result<std::unique_ptr<Assembly>> open(const RunOptions& options, AssemblySeams seams);
  Assembly(const Assembly&) = delete;
  Assembly& operator=(const Assembly&) = delete;

  void add_routes(http::Router& router);
  /// Whose counters the metrics page shows.
  void set_server(const http::Server& server);
  /// Starts the threads: the replay first, then new events.
  void start();
  /// The doors must be closed. Waits until everything accepted has its outcome on disk, and for a
  /// moment until the sinks have delivered it.
  void stop(std::chrono::nanoseconds deliver_max = std::chrono::seconds(3));
  /// /readyz says from now on that the doors close; they still take what comes.
  void announce_stop() { stopping_.store(true, std::memory_order_relaxed); }

  /// The replay is done: the doors take new events.
  bool ready() const { return engine_->ready(); }
  std::string plan_hash() const { return to_string(plan_->hash); }
  DoorCounts door_counts() const;
  void set_door_counts(const DoorCounts& counts);
  bool has_file_source() const { return file_ != nullptr; }
  /// Whether there is nothing left to do, because the source has ended. Thread-safe.
  FileSource::State source() const { return file_ ? file_->state() : FileSource::State::reading; }

 private:
  Assembly() = default;
  void open_file_source(const RunOptions& options, AssemblySeams seams);
  Result<void> open_sinks(const RunOptions& options, AssemblySeams seams);

  std::shared_ptr<const Plan> plan_;
  const Clock* clock_ = nullptr;
  std::atomic<bool> stopping_{false};
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Sinks> sinks_;
  std::unique_ptr<LogDoor> door_;
  std::unique_ptr<HttpEvents> events_;
  std::unique_ptr<FileSource> file_;          ///< Null: events come over HTTP.
  std::unique_ptr<OutcomeWaiters> outcomes_;  ///< Goes first: what it tells is answered by events_.
  std::unique_ptr<Api> api_;
};

/// Threads that serve HTTP.
unsigned io_thread_count(const RunOptions& options);

}  // namespace ouzel
