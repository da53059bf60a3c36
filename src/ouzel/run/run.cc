#include "ouzel/run/run.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <utility>

#include "ouzel/base/clock.h"
#include "ouzel/base/exit_code.h"
#include "ouzel/base/file_system.h"
#include "ouzel/base/forgetful_file_system.h"
#include "ouzel/base/logging.h"
#include "ouzel/base/wake.h"
#include "ouzel/http/server.h"
#include "ouzel/run/interrupt.h"
#include "ouzel/run/live.h"
#include "ouzel/run/nudge.h"
#include "ouzel/run/version.h"
#include "ouzel/run/waiting_room.h"

namespace ouzel {
namespace {

/// CONTRACT: a signal drains, commits and ends within 25 s.
constexpr std::chrono::nanoseconds kAnswerGrace = std::chrono::seconds(3);

/// Between two looks at the tables' files, and at whether a source that can end has ended. Signals
/// and requests do not wait for a look.
constexpr std::chrono::nanoseconds kLook = std::chrono::milliseconds(500);
constexpr std::chrono::nanoseconds kLookForEnd = std::chrono::milliseconds(50);

/// Between two attempts to reach brokers.
constexpr std::chrono::nanoseconds kAskAgain = std::chrono::seconds(1);

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
  if (error.code == ErrorCode::config) return kExitConfig;
  return kExitFailed;
}

/// The server, in front of the pipeline.
Result<std::unique_ptr<http::Server>> serve(const RunOptions& options, Live& live,
                                            const Clock& clock) {
  http::Router router;
  live.add_routes(router);
  OUZEL_TRY(auto server, listen_on(options, std::move(router), clock));
  live.set_server(*server);
  return server;
}

bool may_pass(const RunOptions& options, const Error& error) {
  return !options.pipeline.kafka_source.topic.empty() &&
         (error.code == ErrorCode::retry || error.code == ErrorCode::unavailable);
}

/// Opens the pipeline; one whose brokers cannot be reached waits for them, and says so on its port.
/// Error unavailable: they did not come in time, or a signal came first.
Result<std::unique_ptr<Live>> open_live(const RunOptions& options, AssemblySeams seams,
                                        const Interrupt& interrupt, const Nudge& nudge) {
  const SteadyTime begun = seams.clock->steady();
  auto live = Live::open(options, seams, interrupt, nudge);
  if (live || !may_pass(options, live.error())) return live;
  OUZEL_TRY(const auto room, WaitingRoom::open(options, *seams.clock));
  std::string told;
  do {
    room->set_why(live.error().message);
    if (told != live.error().message) {
      told = live.error().message;
      logging::warn("waiting for Kafka", {{"why", told}});
    }
    const bool given_up = options.give_up > std::chrono::nanoseconds(0) &&
                          seams.clock->steady() - begun >= options.give_up;
    if (given_up || interrupt.wait(kAskAgain)) return live;
    live = Live::open(options, seams, interrupt, nudge);
  } while (!live && may_pass(options, live.error()));
  return live;
}

}  // namespace

int run_pipeline(const RunOptions& options, const Interrupt& interrupt) {
  const Nudge nudge;  // From now on, so that a SIGHUP counts that comes before there is a pipeline.
  std::signal(SIGPIPE, SIG_IGN);  // Whoever read the log may go away; the engine stays.
  configure_logging(options);
  logging::info("ouzel " + version(), {{"pipeline", options.pipeline.name},
                                       {"data_dir", options.data_dir},
                                       {"revision", revision()}});
  const SystemClock clock;
  const auto files = make_file_system();
  if (!files) return exit_code({ErrorCode::config, "OUZEL_TEST_FS: not understood"});
  const auto now = static_cast<std::uint64_t>(clock.wall().time_since_epoch().count());
  Random random(now ^ (static_cast<std::uint64_t>(::getpid()) << 48));
  const AssemblySeams seams{.files = files.get(), .clock = &clock, .random = &random};
  auto live = open_live(options, seams, interrupt, nudge);
  if (!live && interrupt.requested()) return kExitDone;
  if (!live) {
    const int code = exit_code(live.error());
    return may_pass(options, live.error()) ? kExitUnavailable : code;
  }
  auto server = serve(options, **live, clock);
  if (!server) return exit_code(server.error());
  (*live)->start();
  bool nudged = false;
  while (!interrupt.wait((*live)->may_end() ? kLookForEnd : kLook, nudge.fd(), nudged) &&
         (*live)->source() == FileSource::State::reading) {
    if (!(*live)->poll()) return 1;
  }
  const bool failed = (*live)->source() == FileSource::State::failed;
  logging::info("stopping");
  (*live)->announce_stop();
  Wake delay;
  delay.wait_for((*live)->shutdown_delay());
  (*server)->stop(kAnswerGrace);
  (*live)->stop();
  logging::info("stopped");
  return failed ? 1 : 0;
}

}  // namespace ouzel
