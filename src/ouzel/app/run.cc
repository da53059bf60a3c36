#include "ouzel/app/run.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "ouzel/app/interrupt.h"
#include "ouzel/app/listen_address.h"
#include "ouzel/app/version.h"
#include "ouzel/base/clock.h"
#include "ouzel/base/file_system.h"
#include "ouzel/base/forgetful_file_system.h"
#include "ouzel/base/logging.h"
#include "ouzel/engine/engine.h"
#include "ouzel/gateway/http_events.h"
#include "ouzel/gateway/log_door.h"
#include "ouzel/http/server.h"
#include "ouzel/serve/api.h"

namespace ouzel {
namespace {

/// CONTRACT: a signal drains, commits and ends within 25 s.
constexpr std::chrono::nanoseconds kAnswerGrace = std::chrono::seconds(3);
constexpr std::chrono::nanoseconds kDrainGrace = std::chrono::seconds(18);

std::unique_ptr<FileSystem> make_file_system() {
  auto real = make_posix_file_system();
#ifdef OUZEL_TEST_HOOKS
  if (const char* spec = std::getenv("OUZEL_TEST_FS"); spec != nullptr) {
    return make_forgetful_file_system(std::move(real), spec);
  }
#endif
  return real;
}

void configure_logging(const RunOptions& options) {
  const bool pretty = options.log_format == "pretty" ||
                      (options.log_format == "auto" && ::isatty(STDERR_FILENO) == 1);
  logging::Level level = logging::Level::info;
  if (options.log_level == "debug") level = logging::Level::debug;
  if (options.log_level == "warn") level = logging::Level::warn;
  if (options.log_level == "error") level = logging::Level::error;
  logging::configure(pretty ? logging::Format::pretty : logging::Format::json, level);
}

int exit_code(const Error& error) {
  logging::error("cannot run", {{"why", error.message}});
  return error.code == ErrorCode::config ? 78 : 1;
}

/// Half of the cores score by default; the rest serve and write.
std::uint32_t worker_count(const RunOptions& options) {
  if (options.workers > 0) return options.workers;
  const std::uint32_t cores = std::max(2U, std::thread::hardware_concurrency());
  return std::min<std::uint32_t>(cores / 2, options.pipeline.limits.partitions);
}

EngineOptions engine_options(const RunOptions& options) {
  const LimitsSpec& limits = options.pipeline.limits;
  EngineOptions out{.data_dir = options.data_dir,
                    .workers = worker_count(options),
                    .rebuild_state = options.rebuild_state,
                    .snapshot_bytes = limits.snapshot_bytes};
  out.log.segment_bytes_max = limits.segment_bytes;
  out.log.segment_bytes_min =
      std::min<std::uint64_t>(out.log.segment_bytes_min, limits.segment_bytes);
  out.log.retention = limits.retention;
  out.log.retention_bytes = limits.log_bytes;
  return out;
}

/// The parts of a running engine, in the order in which they are made.
struct Running {
  SystemClock clock;
  std::unique_ptr<FileSystem> files;
  std::shared_ptr<const Plan> plan;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<LogDoor> door;
  std::unique_ptr<HttpEvents> events;
  std::unique_ptr<Api> api;
  std::unique_ptr<http::Server> server;
};

Result<void> start_serving(const RunOptions& options, Running& running, std::uint64_t seed) {
  const Pipeline& pipeline = options.pipeline;
  running.door =
      std::make_unique<LogDoor>(running.engine->log(), running.clock, running.engine->partitions(),
                                LogDoorOptions{.in_flight_max = pipeline.limits.in_flight});
  const unsigned io_threads = std::max(1U, options.io_threads);
  running.events = std::make_unique<HttpEvents>(
      running.plan->schema, *running.door, running.engine->log(),
      HttpEventsOptions{.pipeline = pipeline.name,
                        .partitions = pipeline.limits.partitions,
                        .request_bytes_max = pipeline.limits.request_bytes,
                        .io_threads = io_threads,
                        .seed = seed,
                        .ready = [&running] { return running.engine->ready(); }});
  http::Router router;
  running.events->add_routes(router);
  running.api = std::make_unique<Api>(
      *running.engine, running.engine->log(), running.plan, running.events->counters(),
      running.clock,
      ApiOptions{.version = version(),
                 .revision = revision(),
                 .version_json = version_json(),
                 .accepting = [&running] { return running.engine->ready(); }});
  running.api->add_routes(router);
  OUZEL_TRY(const ListenAddress listen, parse_listen(pipeline.serve.listen));
  http::ServerOptions server{
      .address = listen.address, .port = listen.port, .io_threads = io_threads};
  server.limits.connections_max = pipeline.limits.connections;
  OUZEL_TRY(running.server, http::Server::start(server, std::move(router), running.clock));
  running.api->set_server(*running.server);
  const bool v6 = listen.address.find(':') != std::string::npos;
  logging::info("listening on http://" + (v6 ? "[" + listen.address + "]" : listen.address) + ":" +
                std::to_string(running.server->port()));
  return {};
}

}  // namespace

int run_pipeline(const RunOptions& options) {
  configure_logging(options);
  const Interrupt interrupt;
  auto plan = make_plan(options.pipeline);
  if (!plan) return exit_code(plan.error());
  Running running;
  running.files = make_file_system();
  if (!running.files) return exit_code({ErrorCode::config, "OUZEL_TEST_FS: not understood"});
  running.plan = std::make_shared<const Plan>(std::move(*plan));
  const auto now = static_cast<std::uint64_t>(running.clock.wall().time_since_epoch().count());
  Random random(now ^ (static_cast<std::uint64_t>(::getpid()) << 48));
  auto engine =
      Engine::open(*running.files, running.clock, random, running.plan, engine_options(options));
  if (!engine) return exit_code(engine.error());
  running.engine = std::move(*engine);
  if (const auto served = start_serving(options, running, random.bits()); !served) {
    return exit_code(served.error());
  }
  running.engine->start();
  while (!interrupt.wait(std::chrono::hours(1))) {}
  logging::info("stopping");
  running.server->stop(kAnswerGrace);
  running.engine->stop(kDrainGrace);
  return 0;
}

}  // namespace ouzel
