#include <cstdio>
#include <memory>

#include "ouzel/app/commands.h"
#include "ouzel/run/version.h"

namespace ouzel {
namespace {

struct VersionOptions {
  bool json = false;
  bool features = false;
};

int print_version(const VersionOptions& options) {
  if (options.json) {
    std::printf("%s\n", version_json().c_str());
    return kExitDone;
  }
  std::printf("ouzel %s (%s)\n", version().c_str(), revision().c_str());
  if (!options.features) return kExitDone;
  for (const auto& [name, in] : build_features()) {
    std::printf("  %-20s %s\n", name.c_str(), in ? "yes" : "no");
  }
  for (const auto& [name, its_version] : build_libraries()) {
    std::printf("  %-20s %s\n", name.c_str(), its_version.c_str());
  }
  return kExitDone;
}

}  // namespace

void add_version(CommandLine& line) {
  auto options = std::make_shared<VersionOptions>();
  line.add(
      "version", "Prints the version and what is in this build",
      [&](Options& flags) {
        flags.flag("--json", options->json, "As JSON, features included")
            .flag("--features", options->features, "Also lists what is in this build")
            .example("ouzel version --json");
      },
      [options] { return print_version(*options); });
}

}  // namespace ouzel
