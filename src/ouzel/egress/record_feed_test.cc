#include "ouzel/egress/record_feed.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <functional>

#include "ouzel/egress/binary_outcome.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kPipeline = "line";

OutcomeRow row(std::uint64_t offset, Route route = Route::alert) {
  OutcomeRow out{.offset = Offset(offset),
                 .route = route,
                 .score = 0.75F,
                 .source = "/a \"b\"",
                 .id = R"(},"status":"rejected","route":"pass")",
                 .key = "k\n,\"route\":\"pass\""};
  out.time = EventTime(std::chrono::milliseconds(1'700'000'000'123));
  return out;
}

InForce in_force() {
  return {.pipeline = std::string(kPipeline), .model_name = "m", .model_version = 1};
}

/// What the pipeline writes to its outcomes topic.
struct Written {
  PartitionId partition{};
  Offset place{};
  std::string id, source, time, value;

  Written(std::uint16_t partition_number, std::uint64_t at, const OutcomeRow& from)
      : partition(partition_number), place(at) {
    id = std::to_string(partition_number) + ":" + std::to_string(from.offset.value());
    source = "/ouzel/" + std::string(kPipeline);
    if (from.time != kNoTime) render_time(time, from.time);
    render_data(value, partition, in_force(), from);
  }

  void give(RecordTaker& taker) const {
    const RecordHeader headers[] = {
        {"ce_specversion", "1.0"}, {"ce_type", kOutcomeType},
        {"ce_source", source},     {"ce_id", id},
        {"ce_time", time},         {"content-type", "application/json"}};
    taker.take({.topic = "line-outcomes",
                .partition = partition,
                .offset = place,
                .key = "k",
                .value = value,
                .headers = headers});
  }
};

/// Does at each poll what the test says.
class FakeSource final : public RecordSource {
 public:
  using Step = std::function<Result<std::size_t>(RecordTaker&)>;

  Result<std::size_t> poll(milliseconds limit, std::size_t /*max*/, RecordTaker& taker) override {
    waited = limit;
    if (steps.empty()) return std::size_t{0};
    const Step step = std::move(steps.front());
    steps.pop_front();
    return step(taker);
  }
  void pause(bool now) override { paused = now; }
  Result<void> commit(std::span<const RecordPlace> places) override {
    if (refuses) return fail(ErrorCode::retry, "kafka: commit: not now");
    for (const RecordPlace& place : places) committed[place.partition] = place.next;
    return {};
  }
  void close(RecordTaker& taker) override {
    if (on_close) on_close(taker);
  }

  std::deque<Step> steps;
  std::function<void(RecordTaker&)> on_close;
  std::map<PartitionId, Offset> committed;
  milliseconds waited{};
  bool paused = false;
  bool refuses = false;
};

/// Has what a test says that it has not delivered.
class FakeOutlet final : public Outlet {
 public:
  void take(std::vector<Message>) override {}
  Result<bool> step(std::chrono::nanoseconds) override { return true; }
  std::optional<Offset> drop(PartitionId partition) override {
    dropped.push_back(partition);
    return undone;
  }
  void wake() override {}

  std::vector<PartitionId> dropped;
  std::optional<Offset> undone;
};

class RecordFeedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() /
            ("ouzel-record-feed-" + std::to_string(::getpid()) + "-" +
             ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  RecordFeed& open(FeedOptions options) {
    auto file = CursorFile::open(*fs_, root_.string(), "ops", 7);
    EXPECT_TRUE(file);
    auto source = std::make_unique<FakeSource>();
    source_ = source.get();
    feed_ = std::make_unique<RecordFeed>(std::move(source), std::move(*file), clock_, options);
    return *feed_;
  }
  void then(FakeSource::Step step) { source_->steps.push_back(std::move(step)); }
  /// Records that come with one poll.
  void give(std::vector<Written> records) {
    then([records = std::move(records)](RecordTaker& taker) -> Result<std::size_t> {
      for (const Written& one : records) one.give(taker);
      return records.size();
    });
  }
  void end(std::uint16_t partition, std::uint64_t next) {
    then([=](RecordTaker& taker) -> Result<std::size_t> {
      taker.at_end({PartitionId(partition), Offset(next)});
      return std::size_t{0};
    });
  }
  FeedWindow next() {
    auto window = feed_->next();
    EXPECT_TRUE(window) << window.error().message;
    return window ? std::move(*window) : FeedWindow();
  }
  Offset committed(std::uint16_t partition) {
    return source_->committed.at(PartitionId(partition));
  }
  std::uint64_t lag() {
    SinkStatus status;
    feed_->tell(status);
    return status.lag.value();
  }

  std::filesystem::path root_;
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
  ManualClock clock_;
  FakeSource* source_ = nullptr;
  std::unique_ptr<RecordFeed> feed_;
};

/// First and last event of each message.
std::vector<std::pair<std::uint64_t, std::uint64_t>> runs(const FeedWindow& window) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> out;
  for (const Message& one : window.messages) {
    out.emplace_back(one.first.value(), one.last.value());
  }
  return out;
}

using Runs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

TEST_F(RecordFeedTest, TheLineIsWhatRenderGives) {
  open({.all = true});
  OutcomeRow rejected = row(8);
  rejected.fate = Fate::malformed;
  rejected.detail = "no \"key\"";
  OutcomeRow timeless = row(9);
  timeless.time = kNoTime;
  give({{3, 20, row(7)}, {3, 21, rejected}, {3, 22, timeless}});
  const FeedWindow window = next();
  ASSERT_EQ(window.messages.size(), 3u);
  std::size_t i = 0;
  for (const OutcomeRow& one : {row(7), rejected, timeless}) {
    std::string line;
    render(line, PartitionId(3), in_force(), one);
    EXPECT_EQ(window.messages[i].lines, line + "\n");
    EXPECT_EQ(window.messages[i].events, 1u);
    EXPECT_EQ(idempotency_key(kPipeline, "ops", window.messages[i]),
              "line/3/" + std::to_string(one.offset.value()) + "/ops");
    ++i;
  }
}

TEST_F(RecordFeedTest, TakesWhatIsWanted) {
  OutcomeRow rejected = row(3);
  rejected.fate = Fate::malformed;
  const std::vector<Written> all = {
      {0, 0, row(0)}, {0, 1, row(1, Route::review)}, {0, 2, row(2, Route::pass)}, {0, 3, rejected}};
  for (const auto& [options, wanted] :
       {std::pair(FeedOptions{.alerts = true}, Runs{{0, 0}}),
        std::pair(FeedOptions{.reviews = true}, Runs{{1, 1}}),
        std::pair(FeedOptions{.rejects = true}, Runs{{3, 3}}),
        std::pair(FeedOptions{.alerts = true, .rejects = true}, Runs{{0, 0}, {3, 3}}),
        std::pair(FeedOptions{.all = true}, Runs{{0, 0}, {1, 1}, {2, 2}, {3, 3}})}) {
    open(options);
    give(all);
    EXPECT_EQ(runs(next()), wanted);
    ASSERT_TRUE(feed_->keep(""));
    EXPECT_EQ(committed(0), Offset(4));  // Also what nobody wants is passed.
  }
}

TEST_F(RecordFeedTest, AMessageEndsWithItsTransaction) {
  open({.all = true, .message_events_max = 3});
  // A marker at 4; the second transaction goes on with the next poll; full at 3.
  give({{0, 2, row(2)}, {0, 3, row(3)}, {0, 5, row(4)}});
  const FeedWindow first = next();
  EXPECT_EQ(runs(first), (Runs{{2, 3}}));
  EXPECT_TRUE(first.more);
  ASSERT_TRUE(feed_->keep(""));
  EXPECT_EQ(committed(0), Offset(5));  // Where the unfinished message begins.
  give({{0, 6, row(5)}, {0, 7, row(6)}, {0, 8, row(7)}});
  EXPECT_EQ(runs(next()), (Runs{{4, 6}}));
  end(0, 10);
  const FeedWindow last = next();
  EXPECT_EQ(runs(last), (Runs{{7, 7}}));
  ASSERT_TRUE(feed_->keep(""));
  EXPECT_EQ(committed(0), Offset(10));
  EXPECT_FALSE(feed_->moved());
}

TEST_F(RecordFeedTest, AnEndBeforeTheMessageDoesNotEndIt) {
  open({.all = true, .message_events_max = 9});
  then([](RecordTaker& taker) -> Result<std::size_t> {
    Written(0, 5, row(5)).give(taker);
    taker.at_end({PartitionId(0), Offset(4)});
    return std::size_t{1};
  });
  const FeedWindow window = next();
  EXPECT_EQ(runs(window), Runs());
  EXPECT_TRUE(window.more);
}

TEST_F(RecordFeedTest, TheSameMessagesAfterACrashWhereverPollsAreCut) {
  std::vector<Written> all;
  for (std::uint64_t i = 0; i < 40; ++i) {
    if (i % 7 != 0) all.emplace_back(0, i, row(i));
  }
  const auto read_from = [&](std::uint64_t from, std::size_t cut) {
    open({.all = true, .message_events_max = 4, .window_messages_max = 2});
    std::vector<Written> part;
    for (const Written& one : all) {
      if (one.place.value() < from) continue;
      part.push_back(one);
      if (part.size() == cut) give(std::exchange(part, {}));
    }
    if (!part.empty()) give(part);
    end(0, 41);
    Runs out;
    std::vector<std::uint64_t> places;
    while (true) {
      const FeedWindow window = next();
      const Runs more = runs(window);
      out.insert(out.end(), more.begin(), more.end());
      EXPECT_TRUE(feed_->keep(""));
      places.push_back(committed(0).value());
      if (!window.more) return std::pair(out, places);
    }
  };
  const auto [whole, places] = read_from(0, 100);
  ASSERT_EQ(whole.size(), 11u);
  for (std::size_t cut = 1; cut < 9; ++cut) {
    const auto [again, kept] = read_from(0, cut);
    EXPECT_EQ(again, whole);
    for (const std::uint64_t from : kept) {
      const auto [rest, unused] = read_from(from, 100);
      EXPECT_TRUE(std::equal(rest.rbegin(), rest.rend(), whole.rbegin())) << from;
    }
  }
}

TEST_F(RecordFeedTest, WhatLeavesIsCommittedAsFarAsItIsDelivered) {
  open({.all = true});
  give({{0, 0, row(0)}, {0, 1, row(1)}, {1, 0, row(0)}, {2, 0, row(0)}});
  ASSERT_EQ(next().messages.size(), 4u);
  FakeOutlet outlet;
  feed_->attend(outlet);
  EXPECT_FALSE(source_->paused);  // It may be done at once.
  clock_.advance(milliseconds(300));
  outlet.undone = Offset(1);
  then([](RecordTaker& taker) -> Result<std::size_t> {
    taker.leave(PartitionId(0), false);
    return std::size_t{0};
  });
  feed_->attend(outlet);
  EXPECT_TRUE(source_->paused);
  EXPECT_EQ(outlet.dropped, std::vector{PartitionId(0)});
  EXPECT_EQ(committed(0), Offset(1));
  // Delivered to its end; lost.
  clock_.advance(milliseconds(300));
  outlet.undone.reset();
  then([](RecordTaker& taker) -> Result<std::size_t> {
    taker.leave(PartitionId(1), false);
    taker.leave(PartitionId(2), true);
    return std::size_t{0};
  });
  feed_->attend(outlet);
  EXPECT_EQ(outlet.dropped.size(), 3u);
  EXPECT_EQ(committed(1), Offset(1));
  EXPECT_EQ(source_->committed.count(PartitionId(2)), 0u);
  ASSERT_TRUE(feed_->keep(""));
  EXPECT_EQ(source_->committed.size(), 2u);
  EXPECT_EQ(next().messages.size(), 0u);
  EXPECT_FALSE(source_->paused);
}

TEST_F(RecordFeedTest, WhatComesWhileItDeliversIsNotTakenForDelivered) {
  open({.all = true});
  give({{0, 0, row(0)}});
  ASSERT_EQ(next().messages.size(), 1u);
  FakeOutlet outlet;
  clock_.advance(milliseconds(300));
  give({{0, 1, row(1)}, {1, 8, row(4)}});
  feed_->attend(outlet);
  ASSERT_TRUE(feed_->keep(""));
  EXPECT_EQ(committed(0), Offset(1));
  EXPECT_EQ(committed(1), Offset(8));
  EXPECT_EQ(runs(next()), (Runs{{1, 1}, {4, 4}}));
  ASSERT_TRUE(feed_->keep(""));
  EXPECT_EQ(committed(0), Offset(2));
  EXPECT_EQ(committed(1), Offset(9));
}

TEST_F(RecordFeedTest, APartitionThatLeavesIsReadFromItsPlaceWhenItComesBack) {
  open({.all = true, .message_events_max = 9});
  give({{0, 4, row(4)}, {0, 5, row(5)}});
  then([](RecordTaker& taker) -> Result<std::size_t> {
    taker.leave(PartitionId(0), false);
    return std::size_t{0};
  });
  EXPECT_EQ(next().messages.size(), 0u);
  EXPECT_EQ(committed(0), Offset(4));
  then([](RecordTaker& taker) -> Result<std::size_t> {
    taker.come({PartitionId(0), Offset(4)});
    return std::size_t{0};
  });
  give({{0, 4, row(4)}});
  end(0, 6);
  next();
  EXPECT_EQ(runs(next()), (Runs{{4, 4}}));
}

TEST_F(RecordFeedTest, AFailedCommitIsMadeUpFor) {
  open({.all = true});
  give({{0, 0, row(0)}});
  next();
  source_->refuses = true;
  EXPECT_FALSE(feed_->keep("1 20 ops-000001.ndjson"));
  EXPECT_TRUE(feed_->moved());
  // The outlet's own place is durable all the same, and first.
  EXPECT_EQ(feed_->place(), "1 20 ops-000001.ndjson");
  source_->refuses = false;
  ASSERT_TRUE(feed_->keep("1 20 ops-000001.ndjson"));
  EXPECT_EQ(committed(0), Offset(1));
  open({.all = true});
  EXPECT_EQ(feed_->place(), "1 20 ops-000001.ndjson");
}

TEST_F(RecordFeedTest, LagIsWhatIsNotKept) {
  open({.all = true});
  then([](RecordTaker& taker) -> Result<std::size_t> {
    taker.come({PartitionId(0), Offset(10)});
    taker.seen_to({PartitionId(0), Offset(50)});
    Written(0, 10, row(3)).give(taker);
    return std::size_t{1};
  });
  next();
  EXPECT_EQ(lag(), 40u);
  ASSERT_TRUE(feed_->keep(""));
  EXPECT_EQ(lag(), 39u);
  end(0, 50);
  next();
  ASSERT_TRUE(feed_->keep(""));
  EXPECT_EQ(lag(), 0u);
}

TEST_F(RecordFeedTest, WhatIsNoOutcomeIsToldAndPassed) {
  open({.all = true});
  then([](RecordTaker& taker) -> Result<std::size_t> {
    taker.take({.topic = "line-outcomes", .partition = PartitionId(2), .offset = Offset(9)});
    taker.removed(PartitionId(2), 5);
    return std::size_t{1};
  });
  const FeedWindow window = next();
  EXPECT_EQ(window.messages.size(), 0u);
  EXPECT_EQ(window.skipped, 5u);
  ASSERT_EQ(window.damage.size(), 1u);
  EXPECT_EQ(window.damage[0], "the record at line-outcomes 2:9 is no outcome");
  ASSERT_TRUE(feed_->keep(""));
  EXPECT_EQ(committed(2), Offset(10));
}

TEST_F(RecordFeedTest, WithoutBrokersItSaysSoAndKeepsWhatItHas) {
  open({.all = true});
  give({{0, 0, row(0)}});
  const auto away = [](RecordTaker&) -> Result<std::size_t> {
    return fail(ErrorCode::unavailable, "kafka: no broker");
  };
  then(away);
  EXPECT_EQ(next().messages.size(), 1u);
  then(away);
  const auto window = feed_->next();
  ASSERT_FALSE(window);
  EXPECT_EQ(window.error().message, "kafka: no broker");
}

TEST_F(RecordFeedTest, ClosingCommitsWhatIsDelivered) {
  open({.all = true});
  give({{0, 0, row(0)}, {0, 1, row(1)}});
  next();
  FakeOutlet outlet;
  outlet.undone = Offset(1);
  source_->on_close = [](RecordTaker& taker) { taker.leave(PartitionId(0), false); };
  feed_->close(outlet);
  EXPECT_EQ(committed(0), Offset(1));
}

}  // namespace
}  // namespace ouzel
