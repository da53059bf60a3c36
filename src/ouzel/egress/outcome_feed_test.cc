#include "ouzel/egress/outcome_feed.h"

#include <gtest/gtest.h>

#include "ouzel/gateway/log_rows_fixture.h"

namespace ouzel {
namespace {

SinkCursor from_the_beginning() { return {.position = {}, .next = {}, .place = {}}; }

/// "partition:first-last" of each message.
std::vector<std::string> places(const FeedWindow& window) {
  std::vector<std::string> out;
  for (const Message& message : window.messages) {
    out.push_back(std::to_string(message.partition.value()) + ":" +
                  std::to_string(message.first.value()) + "-" +
                  std::to_string(message.last.value()));
  }
  return out;
}
using Places = std::vector<std::string>;

class OutcomeFeedTest : public testing::Test {
 protected:
  FeedWindow next(OutcomeFeed& feed) {
    auto window = feed.next();
    EXPECT_TRUE(window);
    return std::move(*window);
  }
  MemoryLog log_;
};

TEST_F(OutcomeFeedTest, TakesWhatItsSinkAsksFor) {
  commit(log_, 0, 0, "parxp");
  const auto of = [&](FeedOptions options) {
    OutcomeFeed feed(log_, from_the_beginning(), options);
    return places(next(feed));
  };
  EXPECT_EQ(of({.alerts = true}), (Places{"0:1-1"}));
  EXPECT_EQ(of({.reviews = true}), (Places{"0:2-2"}));
  EXPECT_EQ(of({.alerts = true, .reviews = true}), (Places{"0:1-1", "0:2-2"}));
  EXPECT_EQ(of({.rejects = true}), (Places{"0:3-3"}));
  EXPECT_EQ(of({.all = true}).size(), 5U);
  EXPECT_EQ(of({}), Places{});
}

TEST_F(OutcomeFeedTest, ARunNeverCrossesAFrame) {
  commit(log_, 0, 0, "aapaaa");
  commit(log_, 0, 6, "aa");
  commit(log_, 1, 0, "a");
  OutcomeFeed feed(log_, from_the_beginning(), {.alerts = true, .message_events_max = 3});
  const FeedWindow window = next(feed);
  EXPECT_EQ(places(window), (Places{"0:0-3", "0:4-5", "0:6-7", "1:0-0"}));
  EXPECT_EQ(window.messages[0].events, 3U);
  EXPECT_EQ(std::count(window.messages[0].lines.begin(), window.messages[0].lines.end(), '\n'), 3);
  EXPECT_FALSE(window.more);
  EXPECT_EQ(feed.cursor().position, log_.durable_end());
  EXPECT_EQ(feed.cursor().next[0], Offset(8));
  EXPECT_EQ(feed.cursor().next[1], Offset(1));
  EXPECT_EQ(feed.cursor().next[2], kOffsetUnknown);
}

/// A window may end within a frame; who begins anew from its cursor gets the very same messages.
TEST_F(OutcomeFeedTest, GoesOnFromAnyCursorWithTheSameMessages) {
  commit(log_, 0, 0, "aaaaa");
  commit(log_, 1, 0, "pxaap");
  commit(log_, 0, 5, "aaa");
  const FeedOptions options{.alerts = true, .message_events_max = 2, .window_messages_max = 1};
  OutcomeFeed whole(log_, from_the_beginning(), options);
  Places all;
  SinkCursor cursor = from_the_beginning();
  for (int i = 0; i < 7; ++i) {
    const Places expected = places(next(whole));
    OutcomeFeed again(log_, cursor, options);
    EXPECT_EQ(places(next(again)), expected) << "window " << i;
    EXPECT_EQ(again.cursor().position, whole.cursor().position);
    EXPECT_EQ(again.cursor().next, whole.cursor().next);
    cursor = whole.cursor();
    all.insert(all.end(), expected.begin(), expected.end());
  }
  EXPECT_EQ(all, (Places{"0:0-1", "0:2-3", "0:4-4", "1:2-3", "0:5-6", "0:7-7"}));
}

TEST_F(OutcomeFeedTest, AWindowIsBoundedInBytesAndRows) {
  commit(log_, 0, 0, std::string(10, 'a'));
  OutcomeFeed small(log_, from_the_beginning(), {.all = true, .window_bytes_max = 1});
  const FeedWindow window = next(small);
  EXPECT_EQ(places(window), (Places{"0:0-0"})) << "one at least, or it would never get on";
  EXPECT_TRUE(window.more);
  for (int frame = 1; frame < 10; ++frame) commit(log_, 0, 10 * frame, std::string(10, 'p'));
  OutcomeFeed picky(log_, from_the_beginning(), {.reviews = true, .rows_max = 25});
  const FeedWindow nothing = next(picky);
  EXPECT_TRUE(nothing.messages.empty());
  EXPECT_TRUE(nothing.more);
  EXPECT_EQ(picky.cursor().next[0], Offset(30)) << "it has looked at whole frames";
}

TEST_F(OutcomeFeedTest, FollowsTheLog) {
  OutcomeFeed feed(log_, from_the_beginning(), {.alerts = true});
  EXPECT_FALSE(next(feed).more);
  commit(log_, 0, 0, "a");
  EXPECT_EQ(places(next(feed)), (Places{"0:0-0"}));
  EXPECT_TRUE(next(feed).messages.empty());
  commit(log_, 0, 1, "a");
  EXPECT_EQ(places(next(feed)), (Places{"0:1-1"}));
}

TEST_F(OutcomeFeedTest, WhatRetentionRemovedIsCounted) {
  commit(log_, 0, 0, "aaa");
  OutcomeFeed feed(log_, from_the_beginning(), {.alerts = true});
  EXPECT_EQ(next(feed).messages.size(), 3U);
  for (int frame = 1; frame < 5; ++frame) commit(log_, 0, 3 * frame, "aaa");
  log_.forget(3);
  const FeedWindow window = next(feed);
  EXPECT_EQ(window.skipped, 6U);
  EXPECT_EQ(window.messages.front().first, Offset(9));
  EXPECT_EQ(window.messages.size(), 6U);
  // A sink without a cursor has missed nothing: it begins with what is there.
  OutcomeFeed fresh(log_, from_the_beginning(), {.alerts = true});
  EXPECT_EQ(next(fresh).skipped, 0U);
}

TEST_F(OutcomeFeedTest, DamageIsPassedAndSaid) {
  commit(log_, 0, 0, "aa");
  commit(log_, 0, 2, "aa");
  commit(log_, 0, 4, "aa");
  log_.frames[1].damaged = true;
  commit(log_, 0, 6, "aa");
  log_.frames[3].body.resize(log_.frames[3].body.size() / 2);
  OutcomeFeed feed(log_, from_the_beginning(), {.alerts = true});
  const FeedWindow window = next(feed);
  EXPECT_EQ(window.damage.size(), 2U);
  EXPECT_EQ(window.skipped, 2U) << "those of the damaged frame";
  EXPECT_EQ(places(window).at(2), "0:4-4");
  EXPECT_EQ(feed.cursor().position, log_.durable_end());
  commit(log_, 0, 8, "a");
  const FeedWindow after = next(feed);
  EXPECT_EQ(after.skipped, 2U) << "those of the frame that could not be opened";
  EXPECT_EQ(places(after), (Places{"0:8-8"}));
}

TEST_F(OutcomeFeedTest, ARejectHasItsEventsBytes) {
  accept(log_, 0, 0, {R"({"first":1})", R"({"second":2})"});
  commit(log_, 0, 0, "px");
  OutcomeFeed feed(log_, from_the_beginning(), {.rejects = true});
  const FeedWindow window = next(feed);
  ASSERT_EQ(window.messages.size(), 1U);
  EXPECT_NE(window.messages[0].lines.find("second"), std::string::npos);
  EXPECT_EQ(window.messages[0].lines.find("first"), std::string::npos);
}

}  // namespace
}  // namespace ouzel
