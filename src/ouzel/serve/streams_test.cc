#include "ouzel/serve/streams.h"

#include <gtest/gtest.h>

#include "ouzel/http/body_stream.h"
#include "ouzel/serve/fake_engine.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Sink final : http::ResponseSink {
  void respond(http::Response given) override { response = std::move(given); }
  http::Response response;
};

class StreamsTest : public testing::Test {
 protected:
  http::Response open(std::string_view query, const std::string& last_id = {}) {
    http::Headers headers;
    if (!last_id.empty()) headers.add("Last-Event-ID", last_id);
    const auto sink = std::make_shared<Sink>();
    streams_.open({.path = "/api/v1/stream", .query = query, .body = {}, .headers = &headers},
                  http::Responder(sink));
    return sink->response;
  }
  /// What the client would get now.
  static std::string take(const http::Response& response) {
    std::string out;
    for (;;) {
      const auto piece = response.stream->take();
      out += piece.text;
      if (piece.text.empty() || piece.last) return out;
    }
  }
  static std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
  }
  static std::string last_id(std::string_view text) {
    const std::size_t at = text.rfind("id: ") + 4;
    return std::string(text.substr(at, text.find('\n', at) - at));
  }

  ManualClock clock_;
  FakeEngine engine_;
  IntakeCounters counters_;
  Streams streams_{engine_.log,
                   engine_,
                   {.http = counters_},
                   clock_,
                   {.readers_max = 3, .topic_readers_max = 2}};
};

TEST_F(StreamsTest, TellsStatsOnceASecond) {
  EXPECT_LT(streams_.step(), seconds(0));
  const auto got = open("");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.content_type, "text/event-stream");
  EXPECT_EQ(streams_.step(), seconds(1));
  const std::string first = take(got);
  EXPECT_TRUE(first.starts_with("retry: 1000\n\nevent: stats\ndata: {\"interval_s\":0,")) << first;
  EXPECT_TRUE(first.ends_with("}\n\n"));
  clock_.advance(milliseconds(999));
  streams_.step();
  EXPECT_EQ(take(got), "");
  engine_.commit(0, 30);
  clock_.advance(milliseconds(1));
  streams_.step();
  const std::string second = take(got);
  EXPECT_NE(
      second.find("\"interval_s\":1,\"rates\":{\"accepted\":30,\"scored\":24,\"rejected\":6,"),
      std::string::npos)
      << second;
  EXPECT_NE(second.find("\"status\":{\"pipeline\":\"line\""), std::string::npos);
  EXPECT_EQ(count(second, "\n"), 3U);
  got.stream->leave();
  EXPECT_LT(streams_.step(), seconds(0));
}

TEST_F(StreamsTest, StreamsOutcomesAndResumes) {
  engine_.commit(0, 5);
  const auto live = open("topic=outcomes");
  streams_.step();
  EXPECT_EQ(take(live), "retry: 1000\n\n");  // Only what comes from now on.
  engine_.commit(1, 3);
  streams_.step();
  const std::string got = take(live);
  EXPECT_EQ(count(got, "data: {\"specversion\":\"1.0\",\"id\":\"1:"), 3U) << got;
  live.stream->leave();
  engine_.commit(0, 4);
  const std::string second_of_three = got.substr(0, got.find("\n\n", got.find("\n\n") + 2));
  const auto again = open("topic=outcomes&from=end", last_id(second_of_three));
  streams_.step();
  const std::string rest = take(again);
  EXPECT_EQ(count(rest, "\"id\":\"1:2\""), 1U);
  EXPECT_EQ(count(rest, "data: "), 5U) << rest;
  const auto whole = open("topic=outcomes&from=beginning");
  streams_.step();
  EXPECT_EQ(count(take(whole), "data: "), 12U);
}

TEST_F(StreamsTest, Filters) {
  engine_.commit(0, 30);
  const auto alerts = open("topic=outcomes&from=beginning&route=alert");
  const auto rejects = open("topic=rejects&from=beginning&key=k4");
  streams_.step();
  const std::string got = take(alerts);
  EXPECT_EQ(count(got, "data: "), count(got, "\"route\":\"alert\""));
  EXPECT_GT(count(got, "data: "), 0U);
  EXPECT_EQ(count(take(rejects), "\"key\":\"k4\""), 3U);
  clock_.advance(seconds(15));
  engine_.commit(0, 1);  // Not shown, but the place behind it is told.
  streams_.step();
  EXPECT_TRUE(take(rejects).starts_with("id: "));
}

TEST_F(StreamsTest, RefusesWhatItDoesNotUnderstand) {
  EXPECT_EQ(open("topic=alarms").status, 400);
  EXPECT_EQ(open("topic=events&key=k").status, 400);
  EXPECT_EQ(open("topic=outcomes&from=nowhere").status, 400);
  EXPECT_EQ(open("topic=outcomes", "garbage").status, 400);
  EXPECT_EQ(open("topic=outcomes", to_string(OutcomeCursor{LogPosition(1 << 20)})).status, 400);
  const auto a = open("topic=outcomes");
  const auto b = open("topic=outcomes");
  EXPECT_EQ(open("topic=outcomes").status, 503);
  const auto c = open("");
  EXPECT_EQ(open("").status, 503);
  a.stream->leave();
  streams_.step();
  EXPECT_EQ(open("topic=outcomes").status, 200);
}

TEST_F(StreamsTest, ShedsASlowReaderAndLetsItGoOn) {
  const auto slow = open("topic=outcomes&from=beginning");
  for (int i = 0; i < 60; ++i) engine_.commit(0, 200);
  std::string got;
  for (int i = 0; i < 9; ++i) {
    streams_.step();
    clock_.advance(seconds(1));
  }
  got += slow.stream->take().text;  // It took something, so its time begins anew.
  for (int i = 0; i < 9; ++i) {
    streams_.step();
    clock_.advance(seconds(1));
  }
  EXPECT_FALSE(slow.stream->closed());
  for (int i = 0; i < 4; ++i) {
    streams_.step();
    clock_.advance(seconds(1));
  }
  EXPECT_TRUE(slow.stream->closed());
  got += take(slow);
  EXPECT_LE(got.size(), TopicStream::kBytesMax + http::BodyStream::kPieceBytes + 200);
  EXPECT_TRUE(got.ends_with("go on with the last id\"}\n\n"));
  EXPECT_EQ(count(got, "event: shed"), 1U);
  std::size_t seen = count(got, "\"type\":\"dev.ouzel.outcome.v1\"");
  const auto again = open("topic=outcomes", last_id(got));
  for (int i = 0; i < 400 && seen < 12'000; ++i) {
    streams_.step();
    seen += count(take(again), "\"type\":\"dev.ouzel.outcome.v1\"");
  }
  EXPECT_EQ(seen, 12'000U);
}

TEST_F(StreamsTest, TellsWhatIsMissing) {
  const auto reader = open("topic=outcomes&from=beginning");
  engine_.commit(0, 2);
  streams_.step();
  take(reader);
  engine_.commit(0, 2);
  engine_.commit(0, 2);
  engine_.log.frames[3].damaged = true;
  streams_.step();
  const std::string got = take(reader);
  EXPECT_EQ(count(got, "event: gap"), 2U) << got;  // Damage, then the offsets that it took.
  EXPECT_NE(got.find("partition 0: offsets 2 to 3 are no longer there"), std::string::npos);
  EXPECT_EQ(count(got, "\"id\":\"0:4\""), 1U);
}

/// The URL of an EventSource has its first `from` for ever; its partition may be another worker's.
TEST_F(StreamsTest, AReaderThatComesAgainNeedsNotThePartitionOfItsUrl) {
  engine_.commit(0, 2);
  const auto got = open("topic=outcomes&from=0:0");
  streams_.step();
  const std::string id = last_id(take(got));
  engine_.current.lanes.erase(engine_.current.lanes.begin());
  EXPECT_EQ(open("topic=outcomes&from=0:0").status, 400);
  EXPECT_EQ(open("topic=outcomes&from=0:0", id).status, 200);
  engine_.current.lanes.clear();
  EXPECT_EQ(open("topic=outcomes&from=0:0").status, 503);
}

TEST_F(StreamsTest, TellsThatRetentionHasPassedAnOffset) {
  for (int i = 0; i < 3; ++i) engine_.commit(1, 4);
  engine_.log.forget(2);
  const auto late = open("topic=outcomes&from=1:1");
  const auto kept = open("topic=outcomes&from=1:5");
  streams_.step();
  const std::string got = take(late);
  EXPECT_EQ(count(got, "event: gap"), 1U) << got;
  EXPECT_NE(got.find("partition 1: offsets 1 to 3 are no longer there"), std::string::npos);
  EXPECT_EQ(count(take(kept), "event: gap"), 0U);
}

TEST_F(StreamsTest, ManyReadersGetOneFrame) {
  const auto a = open("");
  const auto b = open("");
  streams_.step();
  EXPECT_EQ(take(a), take(b));
  for (int i = 0; i < 2000 && !a.stream->closed(); ++i) {
    clock_.advance(seconds(1));
    streams_.step();
    take(b);
  }
  EXPECT_TRUE(a.stream->closed());
  EXPECT_TRUE(take(a).ends_with("go on with the last id\"}\n\n"));
  EXPECT_FALSE(b.stream->closed());
}

TEST_F(StreamsTest, EndsWithTheEngine) {
  http::Response got;
  {
    Streams own(engine_.log, engine_, {.http = counters_}, clock_);
    http::Headers headers;
    const auto sink = std::make_shared<Sink>();
    own.open({.path = {}, .query = {}, .body = {}, .headers = &headers}, http::Responder(sink));
    got = sink->response;
  }
  EXPECT_TRUE(got.stream->closed());
}

}  // namespace
}  // namespace ouzel
