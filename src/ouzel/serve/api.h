/// Api: everything that a running engine answers over HTTP, but for the doors.
///
///   /livez /readyz /version /metrics /  and
///   /api/v1/{status,pipeline,outcomes,rejects,events,stream}
///
/// Handlers run on the server's I/O threads and only read; topics are read from the log on a thread
/// of their own, a bounded piece a request.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "ouzel/base/clock.h"
#include "ouzel/http/router.h"
#include "ouzel/http/server.h"
#include "ouzel/lane/plan.h"
#include "ouzel/lane/status.h"
#include "ouzel/log/log.h"
#include "ouzel/serve/change_refusals.h"
#include "ouzel/serve/event_counters.h"
#include "ouzel/serve/reading_thread.h"
#include "ouzel/serve/streams.h"
#include "ouzel/serve/topic_pages.h"

namespace ouzel {

struct ApiOptions {
  std::string version;         ///< Of the program.
  std::string revision;        ///< Of its source.
  std::string version_json;    ///< What /version answers.
  std::string events_in = "";  ///< Where the events are if the log has outcomes alone; else empty.
  std::function<bool()> accepting;           ///< False while starting and stopping. Thread-safe.
  const ChangeRefusals* refusals = nullptr;  ///< Null: the pipeline cannot change.
};

class Api {
 public:
  /// All must outlive it, and it the server.
  Api(const StatusSource& status, Log& log, std::shared_ptr<const Plan> plan,
      const EventCounters& events, const Clock& clock, ApiOptions options);

  void add_routes(http::Router& router);
  /// From now on /metrics shows this server's figures. The server must outlive its own requests.
  void set_server(const http::Server& server) { server_.store(&server); }
  /// The engine has another. From any thread.
  void set_plan(std::shared_ptr<const Plan> plan);

 private:
  std::shared_ptr<const Plan> plan() const;
  void health(const http::Request& request, http::Responder responder);
  void metrics(const http::Request& request, http::Responder responder);
  ChangeRefusals::State refusals() const;
  void page(std::string_view name, const http::Request& request, http::Responder responder);
  void stream(const http::Request& request, http::Responder responder);
  http::Response elsewhere(std::string_view name) const;

  const StatusSource& status_;
  mutable std::mutex mutex_;  ///< Of plan_.
  std::shared_ptr<const Plan> plan_;
  const EventCounters events_;
  const Clock& clock_;
  const ApiOptions options_;
  const SteadyTime started_;
  std::atomic<const http::Server*> server_{nullptr};
  TopicPages pages_;  ///< Only within thread_.
  ReadingThread thread_;
  Streams streams_;
};

}  // namespace ouzel
