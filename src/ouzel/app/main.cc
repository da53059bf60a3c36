#include <string>
#include <vector>

#include "ouzel/app/command_line.h"
#include "ouzel/app/commands.h"

int main(int count, char** words) {
  ouzel::CommandLine line("ouzel",
                          "ouzel: events in, scored outcomes out, nothing lost, nothing doubled.");
  ouzel::add_commands(line);
  std::vector<std::string> arguments(words + 1, words + count);
  if (!arguments.empty() && arguments.front() == "--version") arguments.front() = "version";
  return line.run(arguments);
}
