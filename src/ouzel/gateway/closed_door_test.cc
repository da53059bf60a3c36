#include "ouzel/gateway/closed_door.h"

#include <gtest/gtest.h>

#include <string>

#include "ouzel/base/clock.h"
#include "ouzel/http/client.h"
#include "ouzel/http/server.h"

namespace ouzel {
namespace {

TEST(ClosedDoor, SaysWhereEventsComeFrom) {
  const SystemClock clock;
  http::Router router;
  add_closed_door(router, "events come from topic telemetry");
  auto server = http::Server::start({}, std::move(router), clock);
  ASSERT_TRUE(server);
  http::Client client({.host = "127.0.0.1", .port = (*server)->port()});
  const std::string batch(1 << 20, ' ');
  for (const char* path : {"/events", "/"}) {
    const auto reply = client.post(path, "application/x-ndjson", batch);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 404);
    EXPECT_NE(reply->body.find(R"("detail":"events come from topic telemetry")"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace ouzel
