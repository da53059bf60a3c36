#include "ouzel/http/client.h"

#include <gtest/gtest.h>

#include "ouzel/http/server.h"

namespace ouzel::http {
namespace {

TEST(Url, TakesHostPortAndTarget) {
  const auto url = parse_url("http://localhost:8080/events?x=1");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "localhost");
  EXPECT_EQ(url->port, 8080);
  EXPECT_EQ(url->target, "/events?x=1");
  EXPECT_EQ(parse_url("http://a")->port, 80);
  EXPECT_EQ(parse_url("http://a")->target, "/");
  EXPECT_EQ(parse_url("http://[::1]:9/")->host, "::1");
  for (const char* wrong :
       {"", "https://a", "a:80", "http://", "http://a:x/", "http://a:99999/", "http://[::1/"}) {
    EXPECT_FALSE(parse_url(wrong)) << wrong;
  }
}

TEST(Client, SaysThatNobodyListens) {
  std::uint16_t port = 0;
  {
    const SystemClock clock;
    auto server = Server::start({}, Router(), clock);
    ASSERT_TRUE(server);
    port = (*server)->port();
  }
  const auto got = Client({.host = "127.0.0.1", .port = port}).get("/");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::unavailable);
}

TEST(Client, FindsItsServerAgain) {
  const SystemClock clock;
  const auto router = [] {
    Router out;
    out.add({.path = "/",
             .handler = [](const Request&, Responder to) { to.send(text_response("ok")); }});
    return out;
  };
  auto first = Server::start({}, router(), clock);
  ASSERT_TRUE(first);
  const std::uint16_t port = (*first)->port();
  Client client({.host = "127.0.0.1", .port = port});
  ASSERT_TRUE(client.get("/"));
  first->reset();
  auto second = Server::start({.port = port}, router(), clock);
  ASSERT_TRUE(second) << second.error().message;
  const auto again = client.get("/");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->body, "ok");
}

TEST(Client, SpeaksToAnIPv6Address) {
  const SystemClock clock;
  Router router;
  router.add({.path = "/", .handler = [](const Request& request, Responder to) {
                to.send(text_response(std::string(request.header("Host"))));
              }});
  auto server = Server::start({.address = "[::1]"}, std::move(router), clock);
  if (!server) GTEST_SKIP() << server.error().message;
  Client client({.host = "::1", .port = (*server)->port()});
  const auto got = client.get("/");
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->body, "[::1]:" + std::to_string((*server)->port()));
}

}  // namespace
}  // namespace ouzel::http
