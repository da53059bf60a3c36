#include "ouzel/http/message.h"

#include <gtest/gtest.h>

#include "ouzel/http/host_guard.h"
#include "ouzel/http/response_head.h"

namespace ouzel::http {
namespace {

TEST(Json, EscapesAndRepairs) {
  const auto json = [](std::string_view text) {
    std::string out;
    append_json(out, text);
    return out;
  };
  EXPECT_EQ(json("a\"b\\c\n\x01"), R"("a\"b\\c\n\u0001")");
  EXPECT_EQ(json("Euro \xe2\x82\xac"), "\"Euro \xe2\x82\xac\"");
  EXPECT_EQ(json("\xc0\xa0|\xed\xa0\x80|\xff|\xe2\x82"),
            "\"\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd|"
            "\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(Headers, AreFoundWithoutRegardToCase) {
  Headers headers;
  headers.add("Content-Type", "a");
  headers.add("content-type", "b");
  headers.add("Empty", "");
  EXPECT_EQ(headers.get("CONTENT-TYPE"), "a");
  EXPECT_TRUE(headers.find("empty"));
  EXPECT_FALSE(headers.find("Content"));
}

TEST(Percent, EncodesWhatAQueryCannotHold) {
  EXPECT_EQ(percent_encode("a-Z.0_~/ &=+%\xc3\xa9"), "a-Z.0_~%2F%20%26%3D%2B%25%C3%A9");
  EXPECT_EQ(percent_decode(percent_encode("a b/&\n"), true), "a b/&\n");
}

TEST(Date, IsAFixdate) {
  EXPECT_EQ(http_date(WallTime(std::chrono::seconds(784111777))), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HostGuard, KnowsLoopback) {
  for (const char* good : {"localhost", "LocalHost:80", "a.localhost", "127.0.0.1:1", "[::1]:80"}) {
    EXPECT_TRUE(is_loopback_host(good)) << good;
  }
  for (const char* bad : {"", "localhost.evil.example", "127.evil.example", "10.0.0.1", "[::2]",
                          "evil.example:80", ".localhost", "["}) {
    EXPECT_FALSE(is_loopback_host(bad)) << bad;
  }
}

TEST(Responder, AnswersWhenForgotten) {
  struct Sink final : ResponseSink {
    void respond(Response response) override { status = response.status; }
    int status = 0;
  };
  const auto sink = std::make_shared<Sink>();
  { const Responder dropped(sink); }
  EXPECT_EQ(sink->status, 500);
  {
    Responder used(sink);
    used.send(text_response("x"));
  }
  EXPECT_EQ(sink->status, 200);
}

}  // namespace
}  // namespace ouzel::http
