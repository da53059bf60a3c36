/// Assembly: all that runs one plan, made in the order of dependence: engine, doors in, API. One
/// for a data directory on this machine (segment_assembly.h), one for Kafka (kafka_assembly.h). A
/// changed pipeline file gets a new Assembly; the server that listens stays.
///
/// Owns its parts; `clock` and `files` must outlive it, and it the requests that its handlers get
/// (run/live.h). `open`, `start` and `stop` belong to one thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"
#include "ouzel/base/random.h"
#include "ouzel/batch/batch.h"
#include "ouzel/engine/kafka/plan_record.h"
#include "ouzel/gateway/file_source.h"
#include "ouzel/http/router.h"
#include "ouzel/http/server.h"
#include "ouzel/lane/status.h"
#include "ouzel/run/run.h"
#include "ouzel/serve/change_refusals.h"

namespace ouzel {

/// What outlives every assembly.
struct AssemblySeams {
  FileSystem* files = nullptr;
  const Clock* clock = nullptr;
  Random* random = nullptr;
  const ChangeRefusals* refusals = nullptr;  ///< For /readyz and /metrics.
};

/// What goes on being counted from one assembly to the next, as a counter must.
struct Counts {
  std::uint64_t received = 0;  ///< By the door that the pipeline's source asks for.
  std::array<std::uint64_t, kFates> refused{};
  std::vector<std::uint64_t> duplicates;  ///< By partition.
  std::vector<ModelScored> models;
  LaneStatus gone;  ///< Kafka: as EngineStatus.
};

class Assembly {
 public:
  /// Of the kind that the pipeline's source asks for, recovered. Errors: config (exit 78), corrupt,
  /// unavailable.
  static Result<std::unique_ptr<Assembly>> open(const RunOptions& options, AssemblySeams seams);
  /// What `group_plan` will say, before any assembly is there. Errors: as of `open`.
  static Result<std::optional<PlanRecord>> group_plan_of(const RunOptions& options);
  /// Where the files of plans are by their content (PlanArchive).
  static std::string archive_of(const RunOptions& options);
  Assembly() = default;
  virtual ~Assembly() = default;
  Assembly(const Assembly&) = delete;
  Assembly& operator=(const Assembly&) = delete;

  virtual void add_routes(http::Router& router) = 0;
  /// Whose counters the metrics page shows.
  virtual void set_server(const http::Server& server) = 0;
  /// Starts the threads: the replay first, then new events.
  virtual void start() = 0;
  /// The doors must be closed. Waits until everything accepted has its outcome on disk, and for a
  /// moment until the sinks have delivered it.
  virtual void stop(std::chrono::nanoseconds deliver_max) = 0;
  /// /readyz says from now on that the doors close; they still take what comes.
  virtual void announce_stop() = 0;

  /// The replay is done: the doors take new events.
  virtual bool ready() const = 0;
  virtual Hash128 plan_hash() const = 0;
  /// Whether another assembly could take over now. Error unavailable: why not.
  virtual Result<void> may_change() const { return {}; }
  /// Goes on with another pipeline while it runs. False: only a new assembly can do that. On an
  /// error the old pipeline goes on; unavailable may pass.
  virtual Result<bool> change(const RunOptions& /*next*/) { return false; }
  /// The plan that all workers of this one's group shall run, as far as it is known.
  virtual std::optional<PlanRecord> group_plan() const { return std::nullopt; }
  /// Says to them that they shall run this one's plan, in place of `before`; waits a moment. Error
  /// unavailable: not yet, it goes on trying.
  virtual Result<void> tell_group(const Hash128& /*before*/) { return {}; }
  /// They have not been told yet.
  virtual bool telling() const { return false; }
  virtual Counts counts() const = 0;
  /// Before `start`.
  virtual void set_counts(const Counts& counts) = 0;
  virtual bool has_file_source() const = 0;
  /// Whether there is nothing left to do, because the source has ended. Thread-safe.
  virtual FileSource::State source() const = 0;
};

/// Threads that serve HTTP.
unsigned io_thread_count(const RunOptions& options);

/// Threads that run lanes: half of the cores by default; the rest serve and write.
std::uint32_t worker_count(const RunOptions& options, std::uint16_t partitions);

}  // namespace ouzel
