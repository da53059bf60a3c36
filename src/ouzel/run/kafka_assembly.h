/// KafkaAssembly: all that runs one plan as a worker of a consumer group: engine and API. Events
/// come over Kafka only.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "ouzel/egress/sinks.h"
#include "ouzel/engine/kafka/kafka_engine.h"
#include "ouzel/gateway/intake.h"
#include "ouzel/run/assembly.h"
#include "ouzel/serve/api.h"
#include "ouzel/serve/dead_letter_api.h"

namespace ouzel {

class KafkaAssembly final : public Assembly {
 public:
  /// Waits for the brokers, to learn the number of partitions. Errors: config (exit 78; also a
  /// program that was built without Kafka), unavailable.
  static Result<std::unique_ptr<Assembly>> open(const RunOptions& options, AssemblySeams seams);

  static Result<std::optional<PlanRecord>> group_plan_of(const RunOptions& options);

  void add_routes(http::Router& router) override;
  void set_server(const http::Server& server) override;
  void start() override;
  void stop(std::chrono::nanoseconds deliver_max) override;
  void announce_stop() override { stopping_.store(true, std::memory_order_relaxed); }
  bool ready() const override { return engine_->ready(); }
  /// Not while the brokers are away: nothing could be opened in place of this one.
  Result<void> may_change() const override;
  /// If only what decides outcomes differs, no partition leaves this worker.
  Result<bool> change(const RunOptions& next) override;
  Hash128 plan_hash() const override { return plan_->hash; }
  std::optional<PlanRecord> group_plan() const override { return engine_->channel().newest(); }
  Result<void> tell_group(const Hash128& before) override;
  bool telling() const override { return engine_->channel().telling(); }
  Counts counts() const override;
  void set_counts(const Counts& counts) override;
  bool has_file_source() const override { return false; }
  FileSource::State source() const override { return FileSource::State::reading; }

 private:
  explicit KafkaAssembly(AssemblySeams seams) : seams_(seams) {}
  Result<KafkaWork> make_work(Pipeline pipeline, std::uint16_t partitions) const;
  Result<void> open_sinks(const RunOptions& options, const KafkaSettingList& settings);

  const AssemblySeams seams_;
  std::shared_ptr<const Plan> plan_;
  std::string topic_;  ///< Of the events.
  std::atomic<bool> stopping_{false};
  IntakeCounters counters_;  ///< Of a door that is not there: all zero.
  std::unique_ptr<KafkaEngine> engine_;
  std::unique_ptr<Sinks> sinks_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<DeadLetterApi> letters_;
};

}  // namespace ouzel
