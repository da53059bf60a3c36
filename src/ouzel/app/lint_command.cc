#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/app/commands.h"
#include "ouzel/base/file_system.h"
#include "ouzel/pipeline/pipeline_file.h"
#include "ouzel/spec/quantity.h"

namespace ouzel {
namespace {

struct LintOptions {
  std::vector<std::string> files;
  std::vector<std::string> sets;
  std::string format = "text";
};

/// What a good file costs at its limits.
std::string cost_text(const std::string& file, const LoadedPipeline& loaded) {
  const auto cost = state_cost(loaded.pipeline);
  if (!cost) return file + ": good\n";
  return file + ": good; state: " + format_count(cost->key_bytes) + " bytes a key, " +
         format_about(cost->bytes_max) + " at limits.keys " +
         format_count(loaded.pipeline.limits.keys) + "\n";
}

int lint(const LintOptions& options) {
  const auto fs = make_posix_file_system();
  const bool json = options.format == "json";
  std::string out;
  bool good = true;
  for (const std::string& file : options.files) {
    Findings findings;
    const auto loaded = load_pipeline_file(*fs, {file, "", options.sets}, findings);
    good = good && findings.empty();
    for (const Finding& finding : findings.all()) {
      if (json) out += (out.empty() ? "" : ",\n ") + to_json(finding);
      if (!json) out += to_string(finding) + "\n";
    }
    if (!json && loaded) out += cost_text(file, *loaded);
  }
  if (json) out = "[" + out + "]\n";
  std::fputs(out.c_str(), stdout);
  return good ? kExitDone : kExitFailed;
}

}  // namespace

void add_lint(CommandLine& line) {
  auto options = std::make_shared<LintOptions>();
  line.add(
      "lint", "Says what is wrong with pipeline files, and where",
      [&](Options& flags) {
        flags
            .positional(
                "FILE", into(options->files),
                {.help = "Pipeline files; - is stdin", .required = true, .repeatable = true})
            .option("--format", into_word(options->format, {"text", "json"}),
                    {.value = "FORMAT", .help = "text or json", .initial = "text"})
            .option("--set", into(options->sets),
                    {.value = "PATH=VALUE",
                     .help = "Changes a value before the check; repeatable",
                     .env = "OUZEL_SET",
                     .repeatable = true})
            .example("ouzel lint pipeline.yaml")
            .example("ouzel lint --format json *.yaml");
      },
      [options] { return lint(*options); });
}

}  // namespace ouzel
