/// The list of all metrics, with their names and help texts: CONTRACT.md, "Metrics".
#pragma once

#include <string>

#include "ouzel/base/types.h"
#include "ouzel/http/server.h"
#include "ouzel/lane/status.h"
#include "ouzel/serve/change_refusals.h"
#include "ouzel/serve/event_counters.h"
#include "ouzel/serve/process_status.h"
#include "ouzel/watch/metrics_page.h"

namespace ouzel {

/// What one scrape shows. `engine` is one instant of the log; the rest is read beside it.
struct MetricsInput {
  EngineStatus engine;
  EventCounters events;
  ChangeRefusals::State refusals;
  http::ServerStatus server;
  ProcessStatus process;
  WallTime now{};
  std::string version, revision;
};

std::string write_metrics(const MetricsInput& input, MetricsForm form);

}  // namespace ouzel
