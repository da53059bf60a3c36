#include "ouzel/run/kafka_assembly.h"

#include <cstdlib>
#include <utility>

#include "ouzel/base/exit_code.h"
#include "ouzel/base/logging.h"
#include "ouzel/egress/cursor_file.h"
#include "ouzel/egress/record_feed.h"
#include "ouzel/gateway/closed_door.h"
#include "ouzel/gateway/record_events.h"
#include "ouzel/log/kafka/group_reader.h"
#include "ouzel/log/kafka/kafka_settings.h"
#include "ouzel/pipeline/bound_sinks.h"
#include "ouzel/run/kafka_registry.h"
#include "ouzel/run/version.h"

namespace ouzel {
namespace {

/// CONTRACT: a signal drains, commits and ends within 25 s.
constexpr std::chrono::nanoseconds kDrainGrace = std::chrono::seconds(14);
constexpr std::chrono::milliseconds kMeetMax = std::chrono::seconds(3);
constexpr std::chrono::nanoseconds kTellMax = std::chrono::seconds(2);

Result<KafkaEngineOptions> engine_options(const RunOptions& options) {
  const Pipeline& pipeline = options.pipeline;
  OUZEL_TRY(KafkaSettings settings, kafka_settings(pipeline.kafka, pipeline.directory));
  return KafkaEngineOptions{.data_dir = options.data_dir,
                            .rebuild_state = options.rebuild_state,
                            .snapshot_bytes = pipeline.limits.snapshot_bytes,
                            .retention = pipeline.limits.retention,
                            .in_flight = pipeline.limits.in_flight,
                            .source = pipeline.kafka_source,
                            .consumer_settings = std::move(settings.consumer),
                            .producer_settings = std::move(settings.producer)};
}

}  // namespace

Result<std::unique_ptr<Assembly>> KafkaAssembly::open(const RunOptions& options,
                                                      AssemblySeams seams) {
  std::unique_ptr<KafkaAssembly> made(new KafkaAssembly(seams));
  OUZEL_TRY(KafkaEngineOptions wanted, engine_options(options));
  OUZEL_TRY(const std::uint16_t partitions, KafkaEngine::count_partitions(wanted, kMeetMax));
  OUZEL_TRY(KafkaWork work, made->make_work(options.pipeline, partitions));
  made->plan_ = work.plan;
  made->topic_ = wanted.source.topic;
  wanted.workers = worker_count(options, partitions);
  const KafkaSettingList settings = wanted.consumer_settings;
  OUZEL_TRY(made->engine_,
            KafkaEngine::open(*seams.files, *seams.clock, *seams.random, work, std::move(wanted)));
  KafkaEngine& engine = *made->engine_;
  OUZEL_TRY_VOID(made->open_sinks(options, settings));
  made->api_ = std::make_unique<Api>(
      engine, engine.log(), made->plan_,
      EventCounters{.http = made->counters_, .source = "kafka", .of_source = &engine.received()},
      *seams.clock,
      ApiOptions{
          .version = version(),
          .revision = revision(),
          .version_json = version_json(),
          .events_in = "in Kafka, where `ouzel tap TOPIC --pipeline FILE` reads it",
          .accepting = [&engine,
                        &stopping = made->stopping_] { return engine.ready() && !stopping.load(); },
          .refusals = seams.refusals});
  return made;
}

Result<std::optional<PlanRecord>> KafkaAssembly::group_plan_of(const RunOptions& options) {
  OUZEL_TRY(const KafkaEngineOptions wanted, engine_options(options));
  GroupPlan group({.consumer_settings = wanted.consumer_settings,
                   .producer_settings = wanted.producer_settings,
                   .topic = wanted.source.models,
                   .group = wanted.source.group,
                   .worker = {}});
  auto found = group.read(kMeetMax);
  // A missing topic is said as it is of the others, and may come.
  if (!found && found.error().code == ErrorCode::config) {
    OUZEL_TRY_VOID(KafkaEngine::count_partitions(wanted, kMeetMax));
  }
  return found;
}

Result<void> KafkaAssembly::tell_group(const Hash128& before) {
  return engine_->channel().tell(engine_->plan()->text, before, kTellMax);
}

/// A lane is a partition of the topic, whatever limits.partitions says.
Result<KafkaWork> KafkaAssembly::make_work(Pipeline pipeline, std::uint16_t partitions) const {
  pipeline.limits.partitions = partitions;
  OUZEL_TRY(Plan made, make_plan(pipeline));
  made.duplicates_max = 0;  // A record of Kafka has its place; what repeats one is another event.
  const auto plan = std::make_shared<const Plan>(std::move(made));
  const auto make_reader = [plan, source = pipeline.kafka_source, clock = seams_.clock,
                            registry = open_registry(pipeline, *seams_.clock)] {
    auto events = std::make_shared<RecordEvents>(plan->schema,
                                                 RecordEvents::Options{.pipeline = plan->pipeline,
                                                                       .topic = source.topic,
                                                                       .format = source.format,
                                                                       .registry = registry.get(),
                                                                       .clock = clock});
    return [plan, registry, events](const Record& record, Batch& batch) {
      if (batch.rows() == 0) reset(batch, plan->schema);
      return events->append(record, batch);
    };
  };
  return KafkaWork{.plan = plan, .make_reader = make_reader};
}

Result<bool> KafkaAssembly::change(const RunOptions& next) {
  OUZEL_TRY(KafkaWork work, make_work(next.pipeline, plan_->partitions));
  const auto plan = work.plan;
  OUZEL_TRY_VOID(engine_->change(std::move(work)));
  plan_ = plan;
  api_->set_plan(plan);
  return true;
}

Result<void> KafkaAssembly::may_change() const {
  std::string why;
  if (engine_->ready() && engine_->log().has_room(0, &why)) return {};
  return fail(ErrorCode::unavailable, why.empty() ? "state is still restored" : why);
}

/// Each sink is a consumer group of its own on the outcomes.
Result<void> KafkaAssembly::open_sinks(const RunOptions& options,
                                       const KafkaSettingList& settings) {
  const Pipeline& pipeline = options.pipeline;
  const FeedMaker make_feed = [&](const SinkSpec& spec, const std::string& name,
                                  FeedOptions feed) -> Result<std::unique_ptr<Feed>> {
    OUZEL_TRY(auto file, CursorFile::open(*seams_.files, cursor_directory(options.data_dir), name,
                                          engine_->log_id()));
    const KafkaSourceSpec& source = pipeline.kafka_source;
    auto reader = open_group_reader({.settings = settings,
                                     .topic = source.outcomes,
                                     .group = source.group + "-sink-" + name,
                                     .from_beginning = spec.from == SinkSpec::From::beginning},
                                    *seams_.clock);
    if (!reader) return fail(reader.error().code, "sink " + name + ": " + reader.error().message);
    return std::make_unique<RecordFeed>(std::move(*reader), std::move(file), *seams_.clock, feed);
  };
  OUZEL_TRY(const std::vector<SinkSpec> specs, sinks_of(pipeline));
  letters_ = std::make_unique<DeadLetterApi>(
      *seams_.files, *seams_.clock,
      LetterReplayOptions{.data_dir = options.data_dir, .pipeline = pipeline.name, .sinks = specs},
      [this](const std::string& sink) { sinks_->receiver_took(sink); });
  OUZEL_TRY(sinks_, Sinks::open(specs, *seams_.files, *seams_.clock, make_feed,
                                {.pipeline = pipeline.name,
                                 .data_dir = options.data_dir,
                                 .dead_letter_bytes = pipeline.limits.dead_letter_bytes,
                                 .seed = seams_.random->bits(),
                                 .worker = engine_->worker()}));
  engine_->set_sinks([this] { return sinks_->status(); });
  return {};
}

void KafkaAssembly::add_routes(http::Router& router) {
  api_->add_routes(router);
  add_closed_door(router, "this pipeline reads its events from Kafka topic " + topic_ +
                              ": produce there, for instance with `ouzel simulate --out "
                              "kafka:HOST:PORT/" +
                              topic_ + "`");
  letters_->add_routes(router);
}

void KafkaAssembly::set_server(const http::Server& server) { api_->set_server(server); }

Counts KafkaAssembly::counts() const {
  const EngineStatus status = engine_->status();
  return {.received = engine_->received().load(),
          .refused = {},
          .duplicates = {},
          .models = scored_by_model(status),
          .gone = status.gone};
}

void KafkaAssembly::set_counts(const Counts& counts) {
  engine_->set_counts(counts.received, counts.gone, counts.models);
}

void KafkaAssembly::start() {
  engine_->start();
  sinks_->start();
}

void KafkaAssembly::stop(std::chrono::nanoseconds deliver_max) {
  if (!engine_->stop(kDrainGrace)) {
    // A call of the library does not come back; its threads cannot be ended one by one. As after a
    // kill, what was in flight comes again.
    logging::error("ended without an answer from Kafka: what was in flight comes again");
    std::_Exit(kExitUnavailable);
  }
  sinks_->stop(seams_.clock->steady() + deliver_max);
}

}  // namespace ouzel
