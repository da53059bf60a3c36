#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ouzel/app/commands.h"
#include "ouzel/pipeline/templates.h"

namespace ouzel {
namespace {

struct CreateOptions {
  std::string name = templates().front().name;
};

int create(const CreateOptions& options) {
  for (const Template& one : templates()) {
    if (one.name == options.name) std::fputs(std::string(one.text).c_str(), stdout);
  }
  return kExitDone;
}

}  // namespace

void add_create(CommandLine& line) {
  auto options = std::make_shared<CreateOptions>();
  std::vector<std::string> names;
  std::string help = "What to start from: ";
  for (const Template& one : templates()) {
    help += (names.empty() ? "" : "; ") + one.name + " (" + one.help + ")";
    names.push_back(one.name);
  }
  line.add(
      "create", "Prints a commented pipeline that runs as it is",
      [&](Options& flags) {
        flags
            .option("--template", into_word(options->name, names),
                    {.value = "NAME", .help = help, .initial = names.front()})
            .example("ouzel create > pipeline.yaml")
            .example("ouzel create --template fraud | ouzel lint -");
      },
      [options] { return create(*options); });
}

}  // namespace ouzel
