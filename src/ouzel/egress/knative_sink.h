/// The sink that Knative's SinkBinding asks for: K_SINK, K_CE_OVERRIDES and K_CA_CERTS, used where
/// a pipeline names no sink of its own. Values; no thread rules.
///
/// Source: knative/eventing, pkg/apis/sources/v1/sinkbinding_lifecycle.go.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/egress/sink_spec.h"

namespace ouzel {

inline constexpr const char* kKnativeSinkName = "k-sink";

struct KnativeEnvironment {
  std::string sink;          ///< K_SINK: a URL; empty: not bound.
  std::string ce_overrides;  ///< K_CE_OVERRIDES: {"extensions":{"name":"value"}}.
  std::string ca_certs;      ///< K_CA_CERTS: PEM.
  std::string token_file;    ///< Of the OIDC token that a SinkBinding mounts; empty: none.
};

/// An `http` sink called kKnativeSinkName that takes all outcomes; nullopt: not bound. Error
/// config.
Result<std::optional<SinkSpec>> knative_sink(const KnativeEnvironment& environment);

}  // namespace ouzel
