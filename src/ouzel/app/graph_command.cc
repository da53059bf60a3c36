#include <cstdio>
#include <memory>
#include <string>

#include "ouzel/app/commands.h"
#include "ouzel/pipeline/graph.h"
#include "ouzel/pipeline/pipeline_file.h"

namespace ouzel {
namespace {

constexpr std::size_t kColumns = 100;

struct GraphOptions {
  PipelineFile file;
  std::string format = "text";
};

int graph(const GraphOptions& options) {
  const auto loaded = load_or_print(options.file);
  if (!loaded) return kExitConfig;
  const auto steps = graph_steps(loaded->pipeline);
  if (!steps) {
    std::fprintf(stderr, "ouzel graph: %s\n", steps.error().message.c_str());
    return kExitConfig;
  }
  const std::string out = options.format == "dot" ? graph_dot(loaded->pipeline.name, *steps)
                                                  : graph_text(*steps, kColumns);
  std::fputs(out.c_str(), stdout);
  return kExitDone;
}

}  // namespace

void add_graph(CommandLine& line) {
  auto options = std::make_shared<GraphOptions>();
  line.add(
      "graph", "Shows the wiring of a pipeline: what each step reads and adds",
      [&](Options& flags) {
        flags
            .positional("FILE", into(options->file.path),
                        {.help = "Pipeline file; - is stdin", .required = true})
            .option("--format", into_word(options->format, {"text", "dot"}),
                    {.value = "FORMAT", .help = "text, or dot for Graphviz", .initial = "text"})
            .option("--set", into(options->file.sets),
                    {.value = "PATH=VALUE",
                     .help = "Changes a value; repeatable",
                     .env = "OUZEL_SET",
                     .repeatable = true})
            .example("ouzel graph pipeline.yaml")
            .example("ouzel graph pipeline.yaml --format dot | dot -Tsvg > pipeline.svg");
      },
      [options] { return graph(*options); });
}

}  // namespace ouzel
