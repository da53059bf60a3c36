#include <limits>
#include <memory>
#include <utility>

#include "ouzel/app/commands.h"
#include "ouzel/app/text_flags.h"
#include "ouzel/pipeline/pipeline_file.h"
#include "ouzel/tool/score.h"

namespace ouzel {
namespace {

struct Asked {
  PipelineFile file;
  ScoreOptions score;
  TextFlags text;
};

int load_and_score(Asked& asked) {
  auto loaded = load_or_print(asked.file);
  if (!loaded) return kExitConfig;
  asked.score.pipeline = std::move(loaded->pipeline);
  asked.score.text = asked.text.over(asked.score.pipeline.file.text);
  return score(asked.score);
}

}  // namespace

void add_score(CommandLine& line) {
  auto asked = std::make_shared<Asked>();
  ScoreOptions& score = asked->score;
  line.add(
      "score", "The pipeline as a filter: events in, outcomes out, without a data directory",
      [&](Options& flags) {
        flags
            .positional("FILE", into(asked->file.path), {.help = "Pipeline file", .required = true})
            .option("--in", into(score.in),
                    {.value = "FILE|-",
                     .help = "Events as NDJSON or CSV, gzip too; - is stdin",
                     .initial = "-"})
            .option("--out", into(score.out),
                    {.value = "FILE|-", .help = "Outcomes, one a line", .initial = "-"});
        asked->text.describe(flags);
        flags
            .option("--limit", into(score.limit, 0, std::numeric_limits<std::uint64_t>::max()),
                    {.value = "N", .help = "Ends after so many events; 0: never", .initial = "0"})
            .option("--set", into(asked->file.sets),
                    {.value = "PATH=VALUE",
                     .help = "Changes a value of the file; repeatable",
                     .env = "OUZEL_SET",
                     .repeatable = true})
            .example("ouzel score pipeline.yaml --in day.csv --out outcomes.ndjson")
            .example("ouzel simulate --count 10000 --rate 0 | ouzel score pipeline.yaml | head -3");
      },
      [asked] { return load_and_score(*asked); });
}

}  // namespace ouzel
