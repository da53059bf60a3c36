#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "ouzel/app/command_line.h"
#include "ouzel/app/commands.h"
#include "ouzel/base/exit_code.h"

/// Read by jemalloc, where it is linked in: memory that nothing uses goes back to the system after
/// a second, not ten; the difference is 5 % of what is resident and costs no measurable time.
extern "C" {
const char* malloc_conf = "dirty_decay_ms:1000";
}

namespace {

/// A command is done once all that it printed is written. A reader that has left (`| head`) is its
/// own business.
int with_output_written(int code) {
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (written || code != ouzel::kExitDone) return code;
  pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0) return code;
  std::fputs("ouzel: stdout: not all could be written; is the disk full?\n", stderr);
  return ouzel::kExitFailed;
}

}  // namespace

int main(int count, char** words) {
  ouzel::CommandLine line("ouzel",
                          "ouzel: events in, scored outcomes out, nothing lost, nothing doubled.");
  ouzel::add_commands(line);
  std::vector<std::string> arguments(words + 1, words + count);
  if (!arguments.empty() && arguments.front() == "--version") arguments.front() = "version";
  return with_output_written(line.run(arguments));
}
