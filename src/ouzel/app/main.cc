#include <string>
#include <vector>

#include "ouzel/app/command_line.h"
#include "ouzel/app/commands.h"

int main(int count, char** words) {
  ouzel::CommandLine line("ouzel",
                          "ouzel: events in, scored outcomes out, nothing lost, nothing doubled.");
  ouzel::add_commands(line);
  return line.run(std::vector<std::string>(words + 1, words + count));
}
