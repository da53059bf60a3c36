#include "ouzel/app/kafka_assembly.h"

#include <utility>

#include "ouzel/app/version.h"
#include "ouzel/base/logging.h"
#include "ouzel/gateway/record_events.h"
#include "ouzel/log/kafka/kafka_settings.h"

namespace ouzel {
namespace {

/// CONTRACT: a signal drains, commits and ends within 25 s.
constexpr std::chrono::nanoseconds kDrainGrace = std::chrono::seconds(17);
constexpr std::chrono::milliseconds kMeetMax = std::chrono::seconds(3);

Result<KafkaEngineOptions> engine_options(const RunOptions& options) {
  const Pipeline& pipeline = options.pipeline;
  OUZEL_TRY(KafkaSettings settings, kafka_settings(pipeline.kafka, pipeline.directory));
  return KafkaEngineOptions{.data_dir = options.data_dir,
                            .rebuild_state = options.rebuild_state,
                            .snapshot_bytes = pipeline.limits.snapshot_bytes,
                            .in_flight = pipeline.limits.in_flight,
                            .source = pipeline.kafka_source,
                            .consumer_settings = std::move(settings.consumer),
                            .producer_settings = std::move(settings.producer)};
}

/// Shared by all who read records; null: the pipeline names none.
std::shared_ptr<SchemaRegistry> open_registry(const KafkaSourceSpec& source, const Clock& clock) {
  if (source.registry.empty()) return nullptr;
  return std::make_shared<SchemaRegistry>(
      make_registry_client({.url = source.registry, .login = source.registry_login}),
      source.registry, clock);
}

}  // namespace

Result<std::unique_ptr<Assembly>> KafkaAssembly::open(const RunOptions& options,
                                                      AssemblySeams seams) {
  std::unique_ptr<KafkaAssembly> made(new KafkaAssembly);
  OUZEL_TRY(KafkaEngineOptions wanted, engine_options(options));
  // A lane is a partition of the topic, whatever limits.partitions says.
  Pipeline pipeline = options.pipeline;
  OUZEL_TRY(pipeline.limits.partitions, KafkaEngine::count_partitions(wanted, kMeetMax));
  OUZEL_TRY(Plan plan, make_plan(pipeline));
  plan.duplicates_max = 0;  // A record of Kafka has its place; what repeats one is another event.
  made->plan_ = std::make_shared<const Plan>(std::move(plan));
  wanted.workers = worker_count(options, made->plan_->partitions);
  wanted.make_reader = [plan = made->plan_, source = wanted.source,
                        registry = open_registry(wanted.source, *seams.clock)] {
    auto events = std::make_shared<RecordEvents>(plan->schema,
                                                 RecordEvents::Options{.pipeline = plan->pipeline,
                                                                       .topic = source.topic,
                                                                       .format = source.format,
                                                                       .registry = registry.get()});
    return [plan, registry, events](const Record& record, Batch& batch) {
      if (batch.rows() == 0) reset(batch, plan->schema);
      return events->append(record, batch);
    };
  };
  OUZEL_TRY(made->engine_, KafkaEngine::open(*seams.files, *seams.clock, *seams.random, made->plan_,
                                             std::move(wanted)));
  KafkaEngine& engine = *made->engine_;
  made->api_ =
      std::make_unique<Api>(engine, engine.log(), made->plan_, made->counters_, *seams.clock,
                            ApiOptions{.version = version(),
                                       .revision = revision(),
                                       .version_json = version_json(),
                                       .accepting = [&engine, &stopping = made->stopping_] {
                                         return engine.ready() && !stopping.load();
                                       }});
  return made;
}

Result<void> KafkaAssembly::may_change() const {
  std::string why;
  if (engine_->ready() && engine_->log().has_room(0, &why)) return {};
  return fail(ErrorCode::unavailable, "the pipeline cannot change while Kafka cannot be reached" +
                                          (why.empty() ? std::string() : ": " + why) +
                                          "; try again");
}

void KafkaAssembly::add_routes(http::Router& router) { api_->add_routes(router); }

void KafkaAssembly::set_server(const http::Server& server) { api_->set_server(server); }

void KafkaAssembly::start() { engine_->start(); }

void KafkaAssembly::stop(std::chrono::nanoseconds /*deliver_max*/) { engine_->stop(kDrainGrace); }

}  // namespace ouzel
