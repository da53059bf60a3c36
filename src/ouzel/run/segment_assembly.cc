#include "ouzel/run/segment_assembly.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "ouzel/egress/cursor_file.h"
#include "ouzel/gateway/closed_door.h"
#include "ouzel/pipeline/assets.h"
#include "ouzel/pipeline/bound_sinks.h"
#include "ouzel/run/version.h"

namespace ouzel {
namespace {

/// CONTRACT: a signal drains, commits and ends within 25 s.
constexpr std::chrono::nanoseconds kDrainGrace = std::chrono::seconds(17);

EngineOptions engine_options(const RunOptions& options, FileSystem* files) {
  const LimitsSpec& limits = options.pipeline.limits;
  EngineOptions out{.data_dir = options.data_dir,
                    .workers = worker_count(options, options.pipeline.limits.partitions),
                    .rebuild_state = options.rebuild_state,
                    .snapshot_bytes = limits.snapshot_bytes};
  out.log.segment_bytes_max = limits.segment_bytes;
  out.log.segment_bytes_min =
      std::min<std::uint64_t>(out.log.segment_bytes_min, limits.segment_bytes);
  out.log.retention = limits.retention;
  out.log.retention_bytes = limits.log_bytes;
  out.witness = [files, directory = cursor_directory(options.data_dir)](std::uint64_t log_id) {
    return witnessed_by_cursors(*files, directory, log_id);
  };
  return out;
}

}  // namespace

Result<std::unique_ptr<Assembly>> SegmentAssembly::open(const RunOptions& options,
                                                        AssemblySeams seams) {
  const Pipeline& pipeline = options.pipeline;
  std::unique_ptr<SegmentAssembly> made(new SegmentAssembly);
  OUZEL_TRY(Plan plan, make_plan(pipeline));
  made->plan_ = std::make_shared<const Plan>(std::move(plan));
  OUZEL_TRY(made->engine_, Engine::open(*seams.files, *seams.clock, *seams.random, made->plan_,
                                        engine_options(options, seams.files)));
  Engine& engine = *made->engine_;
  OUZEL_TRY_VOID(made->open_sinks(options, seams));
  made->door_ =
      std::make_unique<LogDoor>(engine.log(), *seams.clock, engine.partitions(),
                                LogDoorOptions{.in_flight_max = pipeline.limits.in_flight});
  made->outcomes_ = std::make_unique<OutcomeWaiters>(engine.log(), *seams.clock);
  const auto ready = [&engine] { return engine.ready(); };
  made->events_ = std::make_unique<HttpEvents>(
      made->plan_->schema, *made->door_, engine.log(),
      HttpEventsOptions{.pipeline = pipeline.name,
                        .partitions = pipeline.limits.partitions,
                        .request_bytes_max = pipeline.limits.request_bytes,
                        .io_threads = io_thread_count(options),
                        .seed = seams.random->bits(),
                        .outcomes = made->outcomes_.get(),
                        .ready = ready});
  if (!pipeline.file.path.empty()) made->open_file_source(options, seams);
  EventCounters counters{.http = made->events_->counters()};
  if (made->file_) {
    counters.source = "file";
    counters.of_source = &made->file_->counters().received;
  }
  made->api_ = std::make_unique<Api>(engine, engine.log(), made->plan_, counters, *seams.clock,
                                     ApiOptions{.version = version(),
                                                .revision = revision(),
                                                .version_json = version_json(),
                                                .accepting =
                                                    [&engine, &stopping = made->stopping_] {
                                                      return engine.ready() && !stopping.load();
                                                    },
                                                .refusals = seams.refusals});
  return made;
}

void SegmentAssembly::open_file_source(const RunOptions& options, AssemblySeams seams) {
  FileSourceOptions wanted{.spec = options.pipeline.file,
                           .pipeline = plan_->pipeline,
                           .data_dir = options.data_dir,
                           .partitions = plan_->partitions,
                           .duplicates_max = plan_->duplicates_max,
                           .ready = [this] { return engine_->ready(); }};
  wanted.spec.path = asset_path(options.pipeline, wanted.spec.path);
  file_ = std::make_unique<FileSource>(*seams.files, plan_->schema, *door_, engine_->log(),
                                       std::move(wanted));
}

Result<void> SegmentAssembly::open_sinks(const RunOptions& options, AssemblySeams seams) {
  const Pipeline& pipeline = options.pipeline;
  clock_ = seams.clock;
  LogFeedOptions place{.data_dir = options.data_dir, .log_id = engine_->log_id(), .committed = {}};
  for (const LaneStatus& lane : engine_->status().lanes) {
    place.committed.emplace_back(lane.totals.scored + lane.totals.rejected_total());
  }
  OUZEL_TRY(const std::vector<SinkSpec> specs, sinks_of(pipeline));
  letters_ = std::make_unique<DeadLetterApi>(
      *seams.files, *seams.clock,
      LetterReplayOptions{.data_dir = options.data_dir, .pipeline = pipeline.name, .sinks = specs},
      [this](const std::string& sink) { sinks_->receiver_took(sink); });
  OUZEL_TRY(sinks_, Sinks::open(specs, *seams.files, *seams.clock,
                                log_feeds(*seams.files, engine_->log(), std::move(place)),
                                {.pipeline = pipeline.name,
                                 .data_dir = options.data_dir,
                                 .dead_letter_bytes = pipeline.limits.dead_letter_bytes,
                                 .seed = seams.random->bits(),
                                 .worker = {}}));
  const std::uint64_t backlog = pipeline.limits.backlog_bytes;
  engine_->set_readers(
      {.needed = [this, backlog] { return sinks_->needed(engine_->log().durable_end(), backlog); },
       .status = [this] { return sinks_->status(); },
       .signal =
           [this] {
             sinks_->signal();
             outcomes_->signal();
           }});
  return {};
}

void SegmentAssembly::add_routes(http::Router& router) {
  // The cursor of a file counts on nobody else being accepted in between.
  if (file_) {
    add_closed_door(router,
                    "this pipeline reads its events from files (source.file), it takes "
                    "none here");
  } else {
    events_->add_routes(router);
  }
  api_->add_routes(router);
  letters_->add_routes(router);
}

void SegmentAssembly::set_server(const http::Server& server) { api_->set_server(server); }

IntakeCounters& SegmentAssembly::door_counters() const {
  return file_ ? file_->counters() : events_->counters();
}

Counts SegmentAssembly::counts() const {
  Counts out;
  const IntakeCounters& counters = door_counters();
  out.received = counters.received.load();
  for (std::size_t i = 0; i < kFates; ++i) out.refused[i] = counters.refused[i].load();
  for (const auto& input : engine_->partitions()) {
    out.duplicates.push_back(input->duplicate_rows.load());
  }
  out.models = scored_by_model(engine_->status());
  return out;
}

void SegmentAssembly::set_counts(const Counts& counts) {
  IntakeCounters& counters = door_counters();
  counters.received = counts.received;
  for (std::size_t i = 0; i < kFates; ++i) counters.refused[i] = counts.refused[i];
  for (std::size_t i = 0; i < counts.duplicates.size(); ++i) {
    engine_->partitions()[i]->duplicate_rows = counts.duplicates[i];
  }
  engine_->set_earlier_models(counts.models);
}

void SegmentAssembly::start() {
  engine_->start();
  outcomes_->start();
  sinks_->start();
  if (file_) file_->start();
}

void SegmentAssembly::stop(std::chrono::nanoseconds deliver_max) {
  if (file_) file_->stop();
  engine_->stop(kDrainGrace);
  sinks_->stop(clock_->steady() + deliver_max);
}

}  // namespace ouzel
