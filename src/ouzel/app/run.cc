#include "ouzel/app/run.h"

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "ouzel/app/interrupt.h"
#include "ouzel/app/listen_address.h"
#include "ouzel/app/live.h"
#include "ouzel/base/clock.h"
#include "ouzel/base/file_system.h"
#include "ouzel/base/forgetful_file_system.h"
#include "ouzel/base/logging.h"
#include "ouzel/base/wake.h"
#include "ouzel/http/server.h"

namespace ouzel {
namespace {

/// CONTRACT: a signal drains, commits and ends within 25 s.
constexpr std::chrono::nanoseconds kAnswerGrace = std::chrono::seconds(3);

/// Between two looks at the tables' files, and at whether a source that can end has ended. Signals
/// and requests do not wait for a look.
constexpr std::chrono::nanoseconds kLook = std::chrono::milliseconds(500);
constexpr std::chrono::nanoseconds kLookForEnd = std::chrono::milliseconds(50);

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

/// The server, in front of the pipeline.
Result<std::unique_ptr<http::Server>> serve(const RunOptions& options, Live& live,
                                            const Clock& clock) {
  http::Router router;
  live.add_routes(router);
  OUZEL_TRY(const ListenAddress listen, parse_listen(options.pipeline.serve.listen));
  http::ServerOptions limits{
      .address = listen.address, .port = listen.port, .io_threads = io_thread_count(options)};
  limits.limits.connections_max = options.pipeline.limits.connections;
  OUZEL_TRY(auto server, http::Server::start(limits, std::move(router), clock));
  live.set_server(*server);
  const bool v6 = listen.address.find(':') != std::string::npos;
  logging::info("listening on http://" + (v6 ? "[" + listen.address + "]" : listen.address) + ":" +
                std::to_string(server->port()));
  return server;
}

}  // namespace

int run_pipeline(const RunOptions& options) {
  configure_logging(options);
  const Interrupt interrupt;
  const SystemClock clock;
  const auto files = make_file_system();
  if (!files) return exit_code({ErrorCode::config, "OUZEL_TEST_FS: not understood"});
  const auto now = static_cast<std::uint64_t>(clock.wall().time_since_epoch().count());
  Random random(now ^ (static_cast<std::uint64_t>(::getpid()) << 48));
  auto live = Live::open(options, {.files = files.get(), .clock = &clock, .random = &random});
  if (!live) return exit_code(live.error());
  auto server = serve(options, **live, clock);
  if (!server) return exit_code(server.error());
  (*live)->start();
  bool nudged = false;
  while (!interrupt.wait((*live)->may_end() ? kLookForEnd : kLook, (*live)->nudge().fd(), nudged) &&
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
  return failed ? 1 : 0;
}

}  // namespace ouzel
