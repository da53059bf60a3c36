#include "ouzel/gateway/sender.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <mutex>

#include "ouzel/gateway/event_reply.h"
#include "ouzel/http/server.h"

namespace ouzel {
namespace {

using std::chrono::seconds;

/// A receiver whose answers a test chooses; keeps the bodies that it was sent.
class Receiver {
 public:
  using Answer = std::function<http::Response(int number, const std::string& body)>;
  explicit Receiver(Answer answer) {
    http::Router router;
    router.add({.method = http::Method::get,
                .path = "/livez",
                .handler = [](const http::Request&, http::Responder responder) {
                  responder.send(http::text_response("ok\n"));
                }});
    router.add({.method = http::Method::post,
                .path = "/events",
                .handler = [this, answer](const http::Request& request, http::Responder responder) {
                  const std::lock_guard lock(mutex_);
                  bodies_.emplace_back(request.body);
                  responder.send(answer(static_cast<int>(bodies_.size()), bodies_.back()));
                }});
    server_ = *http::Server::start({}, std::move(router), clock_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  std::vector<std::string> bodies() const {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> bodies_;
  SystemClock clock_;
  std::unique_ptr<http::Server> server_;
};

http::Response reply(int status, std::string body) {
  return {
      .status = status, .content_type = "application/json", .body = std::move(body), .headers = {}};
}
std::string all(const std::string& body) {
  const auto lines = std::count(body.begin(), body.end(), '\n');
  return R"({"accepted":)" + std::to_string(lines) + R"(,"refused":[],"duplicates":0})";
}

EventChunk chunk(const std::string& lines, const Clock& clock) {
  EventChunk out{lines, {}};
  out.due.assign(static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n')),
                 clock.steady());
  return out;
}

TEST(Sender, SendsInOrderAndCounts) {
  Receiver receiver([](int, const std::string& body) { return reply(202, all(body)); });
  const SystemClock clock;
  auto sender = Sender::start({.url = receiver.url(), .request_events_max = 2}, clock);
  ASSERT_TRUE(sender) << sender.error().message;
  for (const char* line : {"a\n", "b\n", "c\n", "d\n", "e\n"}) {
    EventChunk next = chunk(line, clock);
    ASSERT_TRUE((*sender)->offer(0, next));
    EXPECT_TRUE(next.lines.empty());
  }
  EXPECT_TRUE((*sender)->drain(seconds(10)));
  const SenderReport report = (*sender)->report();
  EXPECT_EQ(report.accepted, 5U);
  EXPECT_EQ(report.queued, 0U);
  EXPECT_EQ(report.latency_ns.count, 5U);
  std::string sent;
  for (const std::string& body : receiver.bodies()) {
    EXPECT_LE(body.size(), 4U);
    sent += body;
  }
  EXPECT_EQ(sent, "a\nb\nc\nd\ne\n");
}

TEST(Sender, SendsTheSameAgainUntilItIsTaken) {
  Receiver receiver([](int number, const std::string& body) {
    if (number == 1) return reply(503, "");
    if (number == 2) {
      return reply(202, R"({"accepted":1,"refused":[{"index":1,"reason":"unavailable",)"
                        R"("detail":"full","retry":true}],"duplicates":0})");
    }
    if (number == 3) return reply(202, R"({"accepted":1,"refused":[],"duplicates":1})");
    return reply(202, all(body));
  });
  const SystemClock clock;
  auto sender = Sender::start({.url = receiver.url()}, clock);
  ASSERT_TRUE(sender);
  EventChunk next = chunk("a\nb\n", clock);
  ASSERT_TRUE((*sender)->put(0, next));
  ASSERT_TRUE((*sender)->drain(seconds(10)));
  const SenderReport report = (*sender)->report();
  EXPECT_EQ(receiver.bodies(), std::vector<std::string>(3, "a\nb\n"));
  EXPECT_EQ(report.accepted, 2U);
  EXPECT_EQ(report.duplicates, 0U) << "the one of our own repeat is none";
  EXPECT_EQ(report.refused, 0U);
  EXPECT_EQ(report.resent, 4U);
}

TEST(Sender, WhatIsRefusedForGoodIsCountedWithTheReason) {
  Receiver receiver([](int, const std::string&) {
    return reply(202, R"({"accepted":1,"refused":[{"index":1,"reason":"malformed",)"
                      R"("detail":"not JSON"}],"duplicates":1})");
  });
  const SystemClock clock;
  auto sender = Sender::start({.url = receiver.url()}, clock);
  ASSERT_TRUE(sender);
  EventChunk next = chunk("a\nb\na\n", clock);
  ASSERT_TRUE((*sender)->offer(0, next));
  ASSERT_TRUE((*sender)->drain(seconds(10)));
  const SenderReport report = (*sender)->report();
  EXPECT_EQ(report.accepted, 1U);
  EXPECT_EQ(report.duplicates, 1U);
  EXPECT_EQ(report.refused, 1U);
  EXPECT_EQ(report.first_refusal, R"({"index":1,"reason":"malformed","detail":"not JSON"})");
}

TEST(Sender, GivesUpOnAReceiverThatIsNone) {
  Receiver receiver([](int, const std::string&) { return reply(404, "no such path"); });
  const SystemClock clock;
  auto sender = Sender::start({.url = receiver.url()}, clock);
  ASSERT_TRUE(sender);
  EventChunk next = chunk("a\n", clock);
  ASSERT_TRUE((*sender)->offer(0, next));
  EXPECT_FALSE((*sender)->drain(seconds(10)));
  EXPECT_NE((*sender)->report().failure.find("404"), std::string::npos);
  next = chunk("b\n", clock);
  EXPECT_FALSE((*sender)->put(0, next));
}

TEST(Sender, TheQueueIsBounded) {
  std::mutex stalled;
  stalled.lock();
  Receiver receiver([&](int, const std::string& body) {
    const std::lock_guard wait(stalled);
    return reply(202, all(body));
  });
  const SystemClock clock;
  auto sender =
      Sender::start({.url = receiver.url(), .request_events_max = 1, .queue_bytes_max = 10}, clock);
  ASSERT_TRUE(sender);
  int taken = 0;
  for (; taken < 100; ++taken) {
    EventChunk next = chunk("abcd\n", clock);
    if (!(*sender)->offer(0, next)) break;
  }
  EXPECT_EQ(taken, 2);
  stalled.unlock();
  EXPECT_TRUE((*sender)->drain(seconds(10)));
  EXPECT_EQ((*sender)->report().accepted, 2U);
}

TEST(Sender, NobodyThere) {
  const SystemClock clock;
  const auto closed = Sender::start({.url = "http://127.0.0.1:1"}, clock);
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code, ErrorCode::unavailable);
  const auto wrong = Sender::start({.url = "ftp://example"}, clock);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::config);
}

TEST(EventReply, TextOfADetailIsNotTakenForANumber) {
  const EventReply read =
      read_event_reply(202, R"({"accepted":2,"refused":[{"index":0,"reason":"schema","detail":)"
                            R"("got \"duplicates\":9"}],"duplicates":3})");
  EXPECT_EQ(read.accepted, 2U);
  EXPECT_EQ(read.duplicates, 3U);
  EXPECT_FALSE(read.retry);
  EXPECT_TRUE(read_event_reply(503, "").retry);
  EXPECT_TRUE(read_event_reply(202, R"({"accepted":0,"refused":[{"retry":true}]})").retry);
  EXPECT_FALSE(read_event_reply(400, R"({"accepted":0,"refused":[],"duplicates":0})").retry);
  EXPECT_EQ(read_event_reply(500, "broken").first_refusal, "broken");
}

}  // namespace
}  // namespace ouzel
