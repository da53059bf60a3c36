#include <memory>

#include "ouzel/app/commands.h"
#include "ouzel/tool/dlq.h"

namespace ouzel {

void add_dlq(CommandLine& line) {
  auto options = std::make_shared<DlqOptions>();
  options->data_dir = "./ouzel-data";
  line.add(
      "dlq", "Lists, shows or sends again what a sink could not deliver or Kafka's rejects hold",
      [&](Options& flags) {
        flags
            .positional("ACTION", into_word(options->action, {"ls", "show", "replay"}),
                        {.help = "ls, show or replay", .required = true})
            .option("--data-dir", into(options->data_dir),
                    {.value = "DIR",
                     .help = "Where the dead letters stand; the engine may run",
                     .initial = "./ouzel-data",
                     .env = "OUZEL_DATA_DIR"})
            .option("--url", into(options->url),
                    {.value = "URL",
                     .help = "A running engine instead; it sends again by its own pipeline"})
            .option("--sink", into(options->choice.sink),
                    {.value = "NAME", .help = "Only those of this sink"})
            .option("--key", into(options->choice.key),
                    {.value = "KEY", .help = "Only this one, as ls prints it"})
            .option("--pipeline", into(options->pipeline.path),
                    {.value = "FILE",
                     .help = "For replay, the pipeline whose receivers get them; with --rejects, "
                             "whose topics they are"})
            .flag("--rejects", options->rejects,
                  "The rejects topic of --pipeline: what it rejected and nobody sent again")
            .option("--set", into(options->pipeline.sets),
                    {.value = "PATH=VALUE",
                     .help = "Changes a value of the pipeline; repeatable",
                     .env = "OUZEL_SET",
                     .repeatable = true})
            .example("ouzel dlq ls --sink webhook")
            .example("ouzel dlq show --key press-line/3/10412/webhook")
            .example("ouzel dlq replay --pipeline pipeline.yaml")
            .example("ouzel dlq ls --rejects --pipeline pipeline.yaml")
            .example("ouzel dlq replay --url http://127.0.0.1:8080 --sink webhook");
      },
      [options] { return dlq(*options); });
}

}  // namespace ouzel
