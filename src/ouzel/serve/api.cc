#include "ouzel/serve/api.h"

#include <utility>

#include "ouzel/serve/json_writer.h"
#include "ouzel/serve/metrics.h"
#include "ouzel/serve/status_json.h"
#include "ouzel/serve/status_page.h"
#include "ouzel/serve/waiting_responder.h"

namespace ouzel {
namespace {

constexpr std::size_t kReadingsQueuedMax = 64;

/// Lines of /readyz?verbose, and whether new events find a place.
struct Health {
  std::string text;
  bool ready = true;

  void line(bool good, const std::string& name, const std::string& what) {
    text += (good ? "[+]" : "[-]") + name + " " + what + "\n";
  }
};

Health check(const EngineStatus& status, const std::string& refused, bool accepting) {
  Health out;
  out.line(accepting, "doors", accepting ? "ok" : "closed: starting or stopping");
  const std::string& why = status.log.why;
  out.line(why.empty(), "log",
           why.empty() ? "ok" : (status.log.admits_events ? why : "takes no events: " + why));
  // What is in force goes on.
  if (!refused.empty()) out.line(false, "pipeline", "a change was refused: " + refused);
  std::size_t working = 0;
  for (const LaneStatus& lane : status.lanes) {
    const std::string name = "lane-" + std::to_string(lane.partition.value());
    switch (lane.state) {
      case LaneStatus::State::running:
        out.line(true, name, "ok");
        ++working;
        break;
      case LaneStatus::State::recovering:
        out.line(true, name, "recovering");
        ++working;
        break;
      case LaneStatus::State::stopped: out.line(false, name, "stopped: " + lane.why); break;
    }
  }
  // A receiver that is down takes nothing out of service.
  for (const SinkStatus& sink : status.sinks) {
    out.line(sink.trouble.empty(), "sink-" + sink.name, sink.trouble.empty() ? "ok" : sink.trouble);
  }
  // A worker of a group that has more workers than partitions stands by.
  out.ready = accepting && status.log.admits_events && (working > 0 || status.lanes.empty());
  out.text += out.ready ? "ready\n" : "not ready\n";
  return out;
}

}  // namespace

Api::Api(const StatusSource& status, Log& log, std::shared_ptr<const Plan> plan,
         const EventCounters& events, const Clock& clock, ApiOptions options)
    : status_(status),
      plan_(std::move(plan)),
      events_(events),
      clock_(clock),
      options_(std::move(options)),
      started_(clock.steady()),
      pages_(log, status),
      thread_(kReadingsQueuedMax),
      streams_(log, status, events, clock) {
  streams_.start();
}

void Api::set_plan(std::shared_ptr<const Plan> plan) {
  const std::lock_guard lock(mutex_);
  plan_ = std::move(plan);
}

std::shared_ptr<const Plan> Api::plan() const {
  const std::lock_guard lock(mutex_);
  return plan_;
}

void Api::add_routes(http::Router& router) {
  const auto get = [&](const char* path, http::Handler handler) {
    router.add({.path = path, .handler = std::move(handler)});
  };
  get("/livez", [](const http::Request&, http::Responder responder) {
    responder.send(http::text_response("ok\n"));
  });
  get("/readyz", [this](const http::Request& request, http::Responder responder) {
    health(request, std::move(responder));
  });
  get("/version", [this](const http::Request&, http::Responder responder) {
    responder.send(http::json_response(options_.version_json));
  });
  get("/metrics", [this](const http::Request& request, http::Responder responder) {
    metrics(request, std::move(responder));
  });
  get("/api/v1/status", [this](const http::Request&, http::Responder responder) {
    responder.send(
        http::json_response(status_json(status_.status(), events_, clock_.steady() - started_)));
  });
  get("/api/v1/pipeline", [this](const http::Request&, http::Responder responder) {
    responder.send(http::json_response(pipeline_json(*plan())));
  });
  for (const char* const topic : {"outcomes", "rejects", "events"}) {
    get((std::string("/api/v1/") + topic).c_str(),
        [this, topic](const http::Request& request, http::Responder responder) {
          page(topic, request, std::move(responder));
        });
  }
  get("/api/v1/stream", [this](const http::Request& request, http::Responder responder) {
    stream(request, std::move(responder));
  });
  add_status_page(router);
}

ChangeRefusals::State Api::refusals() const {
  return options_.refusals != nullptr ? options_.refusals->state() : ChangeRefusals::State();
}

/// Partitions that stopped because of damage do not take the others out of service; the lines of
/// `?verbose` name them, and ouzel_partition_up is 0.
void Api::health(const http::Request& request, http::Responder responder) {
  const bool accepting = !options_.accepting || options_.accepting();
  Health found = check(status_.status(), refusals().why, accepting);
  const bool verbose = request.query.starts_with("verbose");
  http::Response out = http::text_response(verbose       ? std::move(found.text)
                                           : found.ready ? "ready\n"
                                                         : "not ready\n");
  if (!found.ready) {
    out.status = 503;
    out.headers.emplace_back("Retry-After", "1");
  }
  responder.send(std::move(out));
}

void Api::metrics(const http::Request& request, http::Responder responder) {
  const http::Server* const server = server_.load();
  const MetricsInput input{.engine = status_.status(),
                           .events = events_,
                           .refusals = refusals(),
                           .server = server ? server->status() : http::ServerStatus{},
                           .process = read_process_status(),
                           .now = clock_.wall(),
                           .version = options_.version,
                           .revision = options_.revision};
  const MetricsForm form = metrics_form(request.header("Accept"));
  http::Response out{.content_type = std::string(content_type(form)),
                     .body = write_metrics(input, form)};
  responder.send(std::move(out));
}

http::Response Api::elsewhere(std::string_view name) const {
  return http::problem(404, "topic " + std::string(name) +
                                " is not in the log of this engine, but " + options_.events_in);
}

void Api::page(std::string_view name, const http::Request& request, http::Responder responder) {
  const auto known =
      judge_parameters(request, {"from", "limit", "key", "label", "route", "status"});
  if (!known) return responder.send(http::problem(400, known.error().message));
  if (!options_.events_in.empty() && name != "outcomes") return responder.send(elsewhere(name));
  const ShownTopic topic = *shown_topic(name);
  auto query = parse_outcome_query(request, topic);
  if (!query) return responder.send(refusal_of(query.error()));
  const auto here = judge_partition(*query, status_);
  if (!here) return responder.send(refusal_of(here.error()));
  const auto shared = std::make_shared<WaitingResponder>(std::move(responder));
  const bool taken = thread_.submit([this, shared, name, topic, wanted = std::move(*query)] {
    const auto read = pages_.read(topic, wanted);
    shared->responder.send(read ? http::json_response(to_json(*read, name))
                                : refusal_of(read.error()));
  });
  if (!taken) {
    shared->responder.send(
        http::problem(503, "too many requests for " + std::string(name) + " are waiting"));
  }
}

void Api::stream(const http::Request& request, http::Responder responder) {
  if (!options_.events_in.empty() && request.parameter("topic") == "events") {
    return responder.send(elsewhere("events"));
  }
  streams_.open(request, std::move(responder));
}

}  // namespace ouzel
