#include "ouzel/gateway/closed_door.h"

namespace ouzel {
namespace {

constexpr std::size_t kBodyMax = 16 << 20;  ///< So that a batch, too, is told why.

}  // namespace

void add_closed_door(http::Router& router, const std::string& why) {
  for (const char* path : {"/events", "/"}) {
    router.add(
        {.method = http::Method::post,
         .path = path,
         .handler = [why](const http::Request& /*request*/,
                          http::Responder responder) { responder.send(http::problem(404, why)); },
         .body_bytes_max = kBodyMax});
  }
}

}  // namespace ouzel
