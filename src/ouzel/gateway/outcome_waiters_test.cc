#include "ouzel/gateway/outcome_waiters.h"

#include <gtest/gtest.h>

#include <map>

#include "ouzel/gateway/binary_event.h"
#include "ouzel/gateway/log_rows_fixture.h"
#include "ouzel/gateway/reply_event.h"

namespace ouzel {
namespace {

class OutcomeWaitersTest : public testing::Test {
 protected:
  void wait(std::uint16_t partition, std::uint64_t offset, LogPosition since) {
    waiters_.wait({PartitionId(partition), Offset(offset)}, since,
                  [this, offset](std::optional<std::string> outcome) {
                    told_[offset] = outcome ? outcome->substr(0, 30) : "nothing";
                  });
  }

  ManualClock clock_;
  MemoryLog log_;
  std::map<std::uint64_t, std::string> told_;
  OutcomeWaiters waiters_{log_, clock_, {.waiters_max = 3}};
};

TEST_F(OutcomeWaitersTest, TellsEachItsOwn) {
  EXPECT_LT(waiters_.step(), std::chrono::seconds(0));
  wait(1, 7, log_.durable_end());
  wait(1, 5, log_.durable_end());
  wait(2, 6, log_.durable_end());
  EXPECT_GT(waiters_.step(), std::chrono::seconds(0));
  commit(log_, 2, 5, "p");
  commit(log_, 1, 4, "pppp");
  waiters_.step();
  EXPECT_EQ(told_.size(), 2U);
  EXPECT_EQ(told_[7], R"({"specversion":"1.0","id":"1:7)");
  commit(log_, 2, 6, "p");
  EXPECT_LT(waiters_.step(), std::chrono::seconds(0));
  EXPECT_EQ(told_[6], R"({"specversion":"1.0","id":"2:6)");
  EXPECT_EQ(log_.lookups, 0);
}

TEST_F(OutcomeWaitersTest, FindsWhatIsThereAlready) {
  const LogPosition before = log_.durable_end();
  commit(log_, 0, 0, "pppppppppp");
  wait(0, 3, {});      // A duplicate: anywhere.
  wait(0, 4, before);  // Was committed before the wait began.
  waiters_.step();
  EXPECT_EQ(told_[3], R"({"specversion":"1.0","id":"0:3)");
  EXPECT_EQ(told_[4], R"({"specversion":"1.0","id":"0:4)");
  wait(0, 11, log_.durable_end());
  waiters_.step();
  commit(log_, 0, 10, "pppppppppp");
  wait(0, 12, {});  // Somebody is read for already; both come from the same frame.
  waiters_.step();
  EXPECT_EQ(told_.size(), 4U);
}

TEST_F(OutcomeWaitersTest, IsBounded) {
  for (std::uint64_t offset = 0; offset < 4; ++offset) wait(0, offset, log_.durable_end());
  EXPECT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[3], "nothing");
  waiters_.step();
  clock_.advance(std::chrono::seconds(5));
  waiters_.step();
  EXPECT_EQ(told_.size(), 4U);
  wait(0, 9, log_.durable_end());
  waiters_.step();
  EXPECT_FALSE(told_.contains(9));
}

TEST_F(OutcomeWaitersTest, TellsNothingAtItsEnd) {
  {
    OutcomeWaiters own(log_, clock_);
    own.start();
    own.wait({PartitionId(0), Offset(1)}, log_.durable_end(),
             [this](std::optional<std::string> outcome) {
               told_[1] = outcome ? "something" : "nothing";
             });
  }
  EXPECT_EQ(told_[1], "nothing");
}

TEST_F(OutcomeWaitersTest, TheOutcomeIsACloudEvent) {
  std::string outcome;
  commit(log_, 3, 8, "p");
  waiters_.wait({PartitionId(3), Offset(8)}, {},
                [&](std::optional<std::string> got) { outcome = got.value_or(""); });
  waiters_.step();
  const auto binary = reply_event(outcome, ReplyForm::binary);
  EXPECT_EQ(binary.status, 200);
  EXPECT_EQ(binary.content_type, "application/json");
  const std::vector<std::pair<std::string, std::string>> wanted = {
      {"Preference-Applied", "reply"},
      {"ce-specversion", "1.0"},
      {"ce-id", "3:8"},
      {"ce-source", "/ouzel/line"},
      {"ce-type", "dev.ouzel.outcome.v1"},
      {"ce-time", "2026-03-01T08:00:00Z"}};
  EXPECT_EQ(binary.headers, wanted);
  http::Headers headers;
  headers.add("Content-Type", binary.content_type);
  for (const auto& [name, value] : binary.headers) headers.add(name, value);
  std::string back;  // And the way back: what we send is what we take.
  EXPECT_FALSE(write_structured(back, headers, binary.body));
  EXPECT_EQ(back.substr(back.find("\"data\"")), outcome.substr(outcome.find("\"data\"")));
  EXPECT_EQ(reply_event(outcome, ReplyForm::structured).body, outcome);
}

TEST(ReplyForm, IsAskedFor) {
  const auto form = [](std::string_view prefer, std::string_view accept) {
    http::Headers headers;
    headers.add("Prefer", "wait=5");
    headers.add("Prefer", prefer);
    headers.add("Accept", accept);
    return reply_form({.body = {}, .headers = &headers});
  };
  EXPECT_EQ(form("reply", "*/*"), ReplyForm::binary);
  EXPECT_EQ(form("respond-async, Reply ; q=1", "text/html, application/cloudevents+json;q=0.9"),
            ReplyForm::structured);
  EXPECT_EQ(form("replying", "application/cloudevents+json"), ReplyForm::none);
  EXPECT_EQ(form("", ""), ReplyForm::none);
}

}  // namespace
}  // namespace ouzel
