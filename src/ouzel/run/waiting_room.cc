#include "ouzel/run/waiting_room.h"

#include <utility>

#include "ouzel/base/logging.h"
#include "ouzel/http/message.h"
#include "ouzel/pipeline/listen_address.h"
#include "ouzel/run/assembly.h"

namespace ouzel {

Result<std::unique_ptr<http::Server>> listen_on(const RunOptions& options, http::Router router,
                                                const Clock& clock) {
  OUZEL_TRY(const ListenAddress listen, parse_listen(options.pipeline.serve.listen));
  http::ServerOptions limits{
      .address = listen.address, .port = listen.port, .io_threads = io_thread_count(options)};
  limits.limits.connections_max = options.pipeline.limits.connections;
  OUZEL_TRY(auto server, http::Server::start(limits, std::move(router), clock));
  const bool v6 = listen.address.find(':') != std::string::npos;
  logging::info("listening on http://" + (v6 ? "[" + listen.address + "]" : listen.address) + ":" +
                std::to_string(server->port()));
  return server;
}

Result<std::unique_ptr<WaitingRoom>> WaitingRoom::open(const RunOptions& options,
                                                       const Clock& clock) {
  auto room = std::make_unique<WaitingRoom>();
  http::Router router;
  router.add({.path = "/livez", .handler = [](const http::Request&, http::Responder responder) {
                responder.send(http::text_response("ok\n"));
              }});
  router.add({.path = "/readyz",
              .handler = [self = room.get()](const http::Request&, http::Responder responder) {
                http::Response out =
                    http::text_response("[-]kafka waits: " + self->why() + "\nnot ready\n");
                out.status = 503;
                out.headers.emplace_back("Retry-After", "1");
                responder.send(std::move(out));
              }});
  // What there will be, nobody knows before the pipeline is open.
  for (const auto method : {http::Method::get, http::Method::post}) {
    router.add({.method = method,
                .path = "/",
                .handler =
                    [self = room.get()](const http::Request&, http::Responder responder) {
                      responder.send(http::problem(503, "waits for Kafka: " + self->why()));
                    },
                .prefix = true});
  }
  OUZEL_TRY(room->server_, listen_on(options, std::move(router), clock));
  return room;
}

WaitingRoom::~WaitingRoom() {
  if (server_) server_->stop(std::chrono::nanoseconds(0));
}

void WaitingRoom::set_why(std::string why) {
  const std::lock_guard lock(mutex_);
  why_ = std::move(why);
}

std::string WaitingRoom::why() const {
  const std::lock_guard lock(mutex_);
  return why_;
}

}  // namespace ouzel
