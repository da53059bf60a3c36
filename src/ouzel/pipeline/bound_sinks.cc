#include "ouzel/pipeline/bound_sinks.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "ouzel/egress/knative_sink.h"
#include "ouzel/pipeline/assets.h"

namespace ouzel {
namespace {

/// Where a SinkBinding puts the token that the sink asks for, if it does.
constexpr const char* kTokenFile = "/oidc/token";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Result<std::vector<SinkSpec>> sinks_of(const Pipeline& pipeline) {
  std::vector<SinkSpec> out = pipeline.sinks;
  for (SinkSpec& sink : out) {
    for (ReceiverSpec* receiver : {&sink.webhook, &sink.http}) {
      for (std::string* path : {&receiver->token_file, &receiver->ca_file}) {
        if (!path->empty()) *path = asset_path(pipeline, *path);
      }
    }
  }
  if (!out.empty()) return out;
  std::error_code ignored;  // What cannot be seen is not there.
  const bool token = std::filesystem::exists(kTokenFile, ignored);
  OUZEL_TRY(const auto bound, knative_sink({.sink = environment("K_SINK"),
                                            .ce_overrides = environment("K_CE_OVERRIDES"),
                                            .ca_certs = environment("K_CA_CERTS"),
                                            .token_file = token ? kTokenFile : ""}));
  if (bound) out.push_back(*bound);
  return out;
}

}  // namespace ouzel
