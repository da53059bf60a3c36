/// KafkaAssembly: all that runs one plan as a worker of a consumer group: engine and API. Events
/// come over Kafka only.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "ouzel/app/assembly.h"
#include "ouzel/engine/kafka/kafka_engine.h"
#include "ouzel/gateway/egress/sinks.h"
#include "ouzel/gateway/intake.h"
#include "ouzel/serve/api.h"
#include "ouzel/serve/dead_letter_api.h"

namespace ouzel {

class KafkaAssembly final : public Assembly {
 public:
  /// Waits for the brokers, to learn the number of partitions. Errors: config (exit 78; also a
  /// program that was built without Kafka), unavailable.
  static Result<std::unique_ptr<Assembly>> open(const RunOptions& options, AssemblySeams seams);

  void add_routes(http::Router& router) override;
  void set_server(const http::Server& server) override;
  void start() override;
  void stop(std::chrono::nanoseconds deliver_max) override;
  void announce_stop() override { stopping_.store(true, std::memory_order_relaxed); }
  bool ready() const override { return engine_->ready(); }
  /// Not while the brokers are away: nothing could be opened in place of this one.
  Result<void> may_change() const override;
  std::string plan_hash() const override { return to_string(plan_->hash); }
  DoorCounts door_counts() const override { return {}; }
  void set_door_counts(const DoorCounts& /*counts*/) override {}
  bool has_file_source() const override { return false; }
  FileSource::State source() const override { return FileSource::State::reading; }

 private:
  KafkaAssembly() = default;
  Result<void> open_sinks(const RunOptions& options, AssemblySeams seams,
                          const KafkaSettingList& settings);

  std::shared_ptr<const Plan> plan_;
  std::string topic_;  ///< Of the events.
  const Clock* clock_ = nullptr;
  std::atomic<bool> stopping_{false};
  IntakeCounters counters_;  ///< Of a door that is not there: all zero.
  std::unique_ptr<KafkaEngine> engine_;
  std::unique_ptr<Sinks> sinks_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<DeadLetterApi> letters_;
};

}  // namespace ouzel
