#include <memory>

#include "ouzel/app/commands.h"
#include "ouzel/tool/bench/bench.h"

namespace ouzel {

void add_bench(CommandLine& line) {
  auto options = std::make_shared<BenchOptions>();
  line.add(
      "bench", "Measures the engine on this machine and prints a table",
      [&](Options& flags) {
        flags
            .option("--dir", into(options->directory),
                    {.value = "DIR",
                     .help = "Scratch directory, on the disk to measure",
                     .initial = options->directory})
            .option("--json", into(options->json),
                    {.value = "FILE", .help = "Also writes the figures there"})
            .option("--only",
                    into_words(options->only, {"start", "latency", "throughput", "restart"}),
                    {.value = "MEASURE", .help = "Only this one; repeatable", .repeatable = true})
            .option("--duration", into(options->duration),
                    {.value = "D", .help = "Of each measure", .initial = "10s"})
            .option("--devices", into(options->devices, 1, 10'000'000),
                    {.value = "N",
                     .help = "Keys; ten times as many for the restart",
                     .initial = "10000"})
            .option(
                "--pipeline", into(options->pipeline),
                {.value = "FILE",
                 .help = "A pipeline for the events of `simulate`, in place of the built-in one. "
                         "With source.kafka: writes to its topic, and measures the workers that "
                         "run already"})
            .example("ouzel bench --json bench.json")
            .example("ouzel bench --pipeline mine.yaml --only throughput")
            .example("ouzel bench --pipeline kafka.yaml --only latency");
      },
      [options] { return bench(*options); });
}

}  // namespace ouzel
