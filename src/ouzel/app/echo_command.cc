#include <cstdio>
#include <memory>
#include <string>

#include "ouzel/app/commands.h"
#include "ouzel/pipeline/pipeline_file.h"

namespace ouzel {
namespace {

int echo_file(const PipelineFile& file) {
  const auto loaded = load_or_print(file);
  if (!loaded) return kExitConfig;
  std::fputs(loaded->effective.c_str(), stdout);
  return kExitDone;
}

}  // namespace

void add_echo(CommandLine& line) {
  auto file = std::make_shared<PipelineFile>();
  line.add(
      "echo", "Prints the effective configuration: every default filled in, secrets masked",
      [&](Options& flags) {
        flags
            .positional("FILE", into(file->path),
                        {.help = "Pipeline file; - is stdin", .required = true})
            .option("--listen", into(file->listen),
                    {.value = "ADDR:PORT", .help = "As for run", .env = "OUZEL_LISTEN"})
            .option("--set", into(file->sets),
                    {.value = "PATH=VALUE",
                     .help = "Changes a value; repeatable",
                     .env = "OUZEL_SET",
                     .repeatable = true})
            .example("ouzel echo pipeline.yaml --set decide.threshold=0.95");
      },
      [file] { return echo_file(*file); });
}

}  // namespace ouzel
