#include <cstdio>
#include <memory>
#include <string>

#include "ouzel/app/commands.h"
#include "ouzel/http/client.h"

namespace ouzel {
namespace {

/// A change drains, restores the state and may rebuild it.
constexpr std::chrono::milliseconds kSilenceMax = std::chrono::seconds(120);

int apply(const std::string& engine) {
  const auto url = http::parse_url(engine);
  if (!url) {
    std::fprintf(stderr, "ouzel apply: %s\n", url.error().message.c_str());
    return kExitUsage;
  }
  http::Client client({.host = url->host, .port = url->port, .silence_max = kSilenceMax});
  const auto reply = client.post("/api/v1/pipeline/apply", "application/json", "");
  if (!reply) {
    std::fprintf(stderr, "ouzel apply: %s\n", reply.error().message.c_str());
    return kExitUnavailable;
  }
  if (reply->status == 200) {
    std::fputs(reply->body.c_str(), stdout);
    return kExitDone;
  }
  std::fputs(reply->body.c_str(), stderr);
  if (reply->status == 422) return kExitConfig;
  return reply->status == 503 ? kExitUnavailable : kExitFailed;
}

}  // namespace

void add_apply(CommandLine& line) {
  auto url = std::make_shared<std::string>("http://127.0.0.1:8080");
  line.add(
      "apply", "Lets a running engine take over its changed pipeline file",
      [&](Options& flags) {
        flags
            .option("--url", into(*url),
                    {.value = "URL", .help = "The engine", .initial = *url, .env = "OUZEL_URL"})
            .example("ouzel apply --url http://127.0.0.1:8080");
      },
      [url] { return apply(*url); });
}

}  // namespace ouzel
