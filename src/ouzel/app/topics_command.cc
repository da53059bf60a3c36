#include <memory>

#include "ouzel/app/commands.h"
#include "ouzel/base/types.h"
#include "ouzel/tool/kafka/topics.h"

namespace ouzel {

void add_topics(CommandLine& line) {
  auto options = std::make_shared<TopicsOptions>();
  line.add(
      "topics", "Makes or lists the Kafka topics of a pipeline",
      [&](Options& flags) {
        flags
            .positional("ACTION", into_word(options->action, {"create", "ls"}),
                        {.help = "create or ls", .required = true})
            .positional("FILE", into(options->file.path),
                        {.help = "Pipeline file with source.kafka", .required = true})
            .option("--partitions", into(options->partitions, 1, kPartitionsMax),
                    {.value = "N",
                     .help = "Of a new topic of events; left out: limits.partitions. The topics "
                             "of outcomes and rejects always have as many as that of events"})
            .option("--replication",
                    into_integer(
                        [options](std::uint64_t value) {
                          options->replication = static_cast<std::uint16_t>(value);
                        },
                        1, 1000),
                    {.value = "R",
                     .help = "Copies of each record; left out: what the brokers do by default"})
            .option("--set", into(options->file.sets),
                    {.value = "PATH=VALUE",
                     .help = "Changes a value of the file; repeatable",
                     .env = "OUZEL_SET",
                     .repeatable = true})
            .example("ouzel topics create pipeline.yaml --partitions 12 --replication 3")
            .example("ouzel topics ls pipeline.yaml");
      },
      [options] { return topics(*options); });
}

}  // namespace ouzel
