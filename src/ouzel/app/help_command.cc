#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/app/commands.h"
#include "ouzel/app/man_page.h"
#include "ouzel/run/version.h"

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
  std::string text;
  if (topic == "exit-codes") {
    text = kExitCodes;
  } else if (topic == "man") {
    text = man_page(line, version(), kExitCodes);
  } else {
    text = line.help(topic);
  }
  std::fputs(text.c_str(), stdout);
  return kExitDone;
}

}  // namespace

void add_help(CommandLine& line) {
  auto topic = std::make_shared<std::string>();
  std::vector<std::string> topics = line.names();
  topics.insert(topics.end(), {"help", "exit-codes", "man"});
  line.add(
      "help", "Says more about a command; lists the exit codes; prints the manual page",
      [&](Options& flags) {
        flags
            .positional("COMMAND", into_word(*topic, topics),
                        {.help = "A command, exit-codes, or man"})
            .example("ouzel help run")
            .example("ouzel help man | man -l -");
      },
      [topic, &line] { return help(line, *topic); });
}

}  // namespace ouzel
