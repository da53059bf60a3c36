#include <memory>
#include <string>
#include <utility>

#include "ouzel/app/commands.h"
#include "ouzel/pipeline/pipeline_file.h"
#include "ouzel/run/interrupt.h"
#include "ouzel/run/run.h"

namespace ouzel {
namespace {

struct Asked {
  PipelineFile file;
  RunOptions run;
};

int load_and_run(Asked& asked) {
  const Interrupt interrupt;
  asked.file.stop_fd = interrupt.fd();
  auto loaded = load_or_print(asked.file);
  if (interrupt.requested()) return kExitDone;
  if (!loaded) return kExitConfig;
  asked.run.file = asked.file;
  asked.run.pipeline = std::move(loaded->pipeline);
  asked.run.effective = std::move(loaded->effective);
  return run_pipeline(asked.run, interrupt);
}

void describe_engine(Options& flags, RunOptions& run) {
  flags
      .option("--workers", into(run.workers, 0, 256),
              {.value = "N",
               .help = "Threads that score; 0: by the number of cores",
               .env = "OUZEL_WORKERS"})
      .option("--io-threads", into(run.io_threads, 0, 64),
              {.value = "N",
               .help = "Threads that serve HTTP; 0: by the number of cores",
               .env = "OUZEL_IO_THREADS"})
      .option("--give-up", into(run.give_up),
              {.value = "DURATION",
               .help = "Ends with 69 if brokers cannot be reached for so long; 0: never",
               .initial = "0s",
               .env = "OUZEL_GIVE_UP"})
      .flag("--rebuild-state", run.rebuild_state,
            "Rebuilds the state of the keys from the retained events");
}

}  // namespace

void add_run(CommandLine& line) {
  auto asked = std::make_shared<Asked>();
  RunOptions& run = asked->run;
  line.add(
      "run", "Runs a pipeline in the foreground until SIGTERM or SIGINT",
      [&](Options& flags) {
        flags
            .positional("FILE", into(asked->file.path),
                        {.help = "Pipeline file; - is stdin", .required = true})
            .option("--data-dir", into(run.data_dir),
                    {.value = "DIR",
                     .help = "Where the log and the state stand",
                     .initial = "./ouzel-data",
                     .env = "OUZEL_DATA_DIR"})
            .option("--listen", into(asked->file.listen),
                    {.value = "ADDR:PORT",
                     .help = "Port for events, API, metrics; else serve.listen",
                     .initial = "127.0.0.1:8080",
                     .env = "OUZEL_LISTEN"})
            .option("--set", into(asked->file.sets),
                    {.value = "PATH=VALUE",
                     .help = "Changes a value of the file; repeatable",
                     .env = "OUZEL_SET",
                     .repeatable = true})
            .option("--log-format", into_word(run.log_format, {"auto", "pretty", "json"}),
                    {.value = "FORMAT",
                     .help = "pretty or json; auto: pretty on a terminal",
                     .initial = "auto",
                     .env = "OUZEL_LOG_FORMAT"})
            .option("--log-level", into_word(run.log_level, {"debug", "info", "warn", "error"}),
                    {.value = "LEVEL",
                     .help = "debug, info, warn or error",
                     .initial = "info",
                     .env = "OUZEL_LOG_LEVEL"});
        describe_engine(flags, run);
        flags.example("ouzel run pipeline.yaml")
            .example("ouzel run pipeline.yaml --listen 127.0.0.1:9000 --set decide.threshold=0.95");
      },
      [asked] { return load_and_run(*asked); });
}

}  // namespace ouzel
