#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "ouzel/app/commands.h"
#include "ouzel/tool/terminal/top.h"

namespace ouzel {

void add_top(CommandLine& line) {
  auto options = std::make_shared<TopOptions>();
  line.add(
      "top", "Shows a running pipeline live in the terminal",
      [&](Options& flags) {
        flags
            .option(
                "--url", into(options->url),
                {.value = "URL", .help = "The engine", .initial = options->url, .env = "OUZEL_URL"})
            .option("--interval", into(options->interval),
                    {.value = "D", .help = "Between two pictures", .initial = "1s"})
            .option("--duration", into(options->duration),
                    {.value = "D", .help = "Ends after so long; 0: never", .initial = "0"})
            .option("--truth", into(options->truth),
                    {.value = "FILE",
                     .help = "Ground truth: shows precision and recall (an outcome labelled "
                             "anomaly is right "
                             "if its event lies in a true episode of its key)",
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
