#include <string>
#include <vector>

#include "ouzel/app/command_line.h"
#include "ouzel/app/commands.h"

/// Read by jemalloc, where it is linked in: memory that nothing uses goes back to the system after
/// a second, not ten; the difference is 5 % of what is resident and costs no measurable time.
extern "C" {
const char* malloc_conf = "dirty_decay_ms:1000";
}

int main(int count, char** words) {
  ouzel::CommandLine line("ouzel",
                          "ouzel: events in, scored outcomes out, nothing lost, nothing doubled.");
  ouzel::add_commands(line);
  std::vector<std::string> arguments(words + 1, words + count);
  if (!arguments.empty() && arguments.front() == "--version") arguments.front() = "version";
  return line.run(arguments);
}
