#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "ouzel/app/commands.h"
#include "ouzel/app/top.h"

namespace ouzel {

void add_top(CommandLine& line) {
  auto options = std::make_shared<TopOptions>();
  line.add(
      "top", "Shows a running pipeline live in the terminal",
      [&](Options& flags) {
        flags
            .option("--url", into(options->url),
                    {.value = "URL", .help = "The engine", .initial = options->url})
            .option("--interval", into(options->interval),
                    {.value = "D", .help = "Between two pictures", .initial = "1s"})
            .option("--duration", into(options->duration),
                    {.value = "D", .help = "Ends after so long; 0: never", .initial = "0"})
            .option(
                "--truth", into(options->truth),
                {.value = "FILE",
                 .help =
                     "Ground truth: shows precision (share of the outcomes labelled anomaly whose "
                     "event lies in a true episode of its key) and recall (share of the "
                     "true events, and of the episodes, that were labelled)",
                 .repeatable = true})
            .flag("--all", options->all, "Counts from the first event, not from now on")
            .flag("--once", options->once, "Asks once, prints the summary, ends")
            .example("ouzel top --url http://127.0.0.1:8080");
      },
      [options] {
        const char* no_colour = std::getenv("NO_COLOR");
        options->live = ::isatty(STDOUT_FILENO) == 1 && !options->once;
        options->colour = options->live && (no_colour == nullptr || *no_colour == '\0');
        return top(*options);
      });
}

}  // namespace ouzel
