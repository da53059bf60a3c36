/// WaitingResponder: of a request whose answer waits for its turn. Dropped unanswered, as what
/// waits is when the pipeline changes or the engine stops, it tells the client to ask again.
#pragma once

#include <utility>

#include "ouzel/http/message.h"

namespace ouzel {

struct WaitingResponder {
  explicit WaitingResponder(http::Responder to) : responder(std::move(to)) {}
  ~WaitingResponder() {
    responder.send(http::problem(503, "the pipeline changes or stops: ask again"));
  }
  WaitingResponder(const WaitingResponder&) = delete;
  WaitingResponder& operator=(const WaitingResponder&) = delete;

  http::Responder responder;
};

}  // namespace ouzel
