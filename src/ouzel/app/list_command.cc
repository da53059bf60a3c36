#include <cstdio>
#include <memory>
#include <string>

#include "ouzel/app/commands.h"
#include "ouzel/pipeline/catalog.h"
#include "ouzel/pipeline/pipeline_fields.h"
#include "ouzel/spec/reference.h"

namespace ouzel {
namespace {

struct ListOptions {
  std::string format = "text";
};

int list(const ListOptions& options) {
  std::string out;
  if (options.format == "markdown") {
    out = "# The pipeline file\n\n" + reference_markdown(pipeline_fields().table());
  } else {
    out = "Components\n";
    for (const Component& one : components()) {
      std::string left = "  " + one.kind + (one.kind == one.name ? "" : " " + one.name);
      left.resize(28, ' ');
      out += left + one.help + "\n";
    }
    out += "\nKeys of a pipeline file\n" + reference_text(pipeline_fields().table());
  }
  std::fputs(out.c_str(), stdout);
  return kExitDone;
}

}  // namespace

void add_list(CommandLine& line) {
  auto options = std::make_shared<ListOptions>();
  line.add(
      "list", "Lists the components of this build and every key with what it takes",
      [&](Options& flags) {
        flags
            .option("--format", into_word(options->format, {"text", "markdown"}),
                    {.value = "FORMAT", .help = "text or markdown", .initial = "text"})
            .example("ouzel list | less")
            .example("ouzel list --format markdown > pipeline.md");
      },
      [options] { return list(*options); });
}

}  // namespace ouzel
