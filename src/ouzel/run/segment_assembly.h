/// SegmentAssembly: all that runs one plan on one data directory of one machine, made in the order
/// of dependence: engine, doors in, sinks, API.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"
#include "ouzel/base/random.h"
#include "ouzel/egress/sinks.h"
#include "ouzel/engine/engine.h"
#include "ouzel/gateway/file_source.h"
#include "ouzel/gateway/http_events.h"
#include "ouzel/gateway/log_door.h"
#include "ouzel/gateway/outcome_waiters.h"
#include "ouzel/http/router.h"
#include "ouzel/http/server.h"
#include "ouzel/run/assembly.h"
#include "ouzel/serve/api.h"
#include "ouzel/serve/dead_letter_api.h"

namespace ouzel {

class SegmentAssembly final : public Assembly {
 public:
  /// Recovers the data directory. Errors: config (exit 78), corrupt, unavailable.
  static Result<std::unique_ptr<Assembly>> open(const RunOptions& options, AssemblySeams seams);

  void add_routes(http::Router& router) override;
  void set_server(const http::Server& server) override;
  void start() override;
  void stop(std::chrono::nanoseconds deliver_max) override;
  void announce_stop() override { stopping_.store(true, std::memory_order_relaxed); }
  bool ready() const override { return engine_->ready(); }
  Hash128 plan_hash() const override { return plan_->hash; }
  Counts counts() const override;
  void set_counts(const Counts& counts) override;
  bool has_file_source() const override { return file_ != nullptr; }
  FileSource::State source() const override {
    return file_ ? file_->state() : FileSource::State::reading;
  }

 private:
  SegmentAssembly() = default;
  IntakeCounters& door_counters() const;
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
  std::unique_ptr<DeadLetterApi> letters_;
};

}  // namespace ouzel
