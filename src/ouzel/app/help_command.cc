#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/app/commands.h"
#include "ouzel/spec/nearest.h"

namespace ouzel {
namespace {

constexpr const char* kExitCodes =
    "0        done\n"
    "1        failed, or findings\n"
    "2        wrong use of the command line\n"
    "69       a dependency cannot be reached\n"
    "70       a bug of ours\n"
    "78       invalid or missing configuration\n"
    "130, 143 ended by a second SIGINT or SIGTERM\n";

int help(const CommandLine& line, const std::string& topic) {
  if (topic == "exit-codes") {
    std::fputs(kExitCodes, stdout);
    return kExitDone;
  }
  const std::string text = line.help(topic);
  if (!text.empty()) {
    std::fputs(text.c_str(), stdout);
    return kExitDone;
  }
  std::vector<std::string> known = line.names();
  known.push_back("exit-codes");
  std::fprintf(stderr, "ouzel help: there is no command '%s'; %s\n", topic.c_str(),
               suggest(topic, known).c_str());
  return kExitUsage;
}

}  // namespace

void add_help(CommandLine& line) {
  auto topic = std::make_shared<std::string>();
  line.add(
      "help", "Says more about a command, or lists the exit codes",
      [&](Options& flags) {
        flags.positional("COMMAND", into(*topic), {.help = "A command, or exit-codes"});
      },
      [topic, &line] { return help(line, *topic); });
}

}  // namespace ouzel
