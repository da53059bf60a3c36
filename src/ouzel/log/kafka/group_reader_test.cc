#include "ouzel/log/kafka/group_reader.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>

namespace ouzel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Lines = std::vector<std::string>;
using Numbers = std::map<int, std::uint64_t>;

/// What the brokers know, and what they answer.
struct Topic {
  std::uint32_t partitions = 2;
  std::map<int, Watermarks> marks = {{0, {Offset(10), Offset(30)}}, {1, {Offset(0), Offset(5)}}};
  Numbers committed;
  int commits = 0;
  int metadata_asked = 0;
  std::string trouble;
  // How many calls fail from now on.
  int committed_fails = 0;
  int commit_fails = 0;
  int metadata_fails = 0;
  std::string pauses;
  /// What the polls bring, one after the other.
  std::deque<std::function<void(GroupListener&, std::vector<KafkaMessage>&)>> polls;
  std::function<void(GroupListener&)> at_close;
  ConsumerOptions options;
};

class FakeConsumer final : public KafkaConsumer {
 public:
  FakeConsumer(Topic& topic, GroupListener& listener) : topic_(topic), listener_(listener) {}
  void poll(milliseconds, std::size_t, std::vector<KafkaMessage>& out) override {
    if (topic_.polls.empty()) return;
    const auto next = std::move(topic_.polls.front());
    topic_.polls.pop_front();
    next(listener_, out);
  }
  void pause(bool paused) override { topic_.pauses += paused ? "pause " : "go on "; }
  Result<void> seek(PartitionId, Offset) override { return {}; }
  void close() override {
    if (topic_.at_close) topic_.at_close(listener_);
  }
  Result<std::vector<GroupOffset>> committed(std::span<const PartitionId> partitions,
                                             milliseconds) override {
    if (topic_.committed_fails-- > 0) return fail(ErrorCode::retry, "not decided yet");
    std::vector<GroupOffset> out;
    for (const PartitionId id : partitions) {
      const auto at = topic_.committed.find(id.value());
      out.push_back({.partition = id, .offset = {}, .metadata = {}});
      if (at != topic_.committed.end()) out.back().offset = Offset(at->second);
    }
    return out;
  }
  Result<void> commit(std::span<const GroupOffset> offsets) override {
    ++topic_.commits;
    if (topic_.commit_fails-- > 0) return fail(ErrorCode::retry, "no answer came");
    for (const GroupOffset& one : offsets) {
      topic_.committed[one.partition.value()] = one.offset->value();
    }
    return {};
  }
  Result<Offset> end_of(const std::string&, milliseconds) override { return Offset{}; }
  Result<Watermarks> watermarks(PartitionId id, milliseconds) override {
    const auto at = topic_.marks.find(id.value());
    if (at == topic_.marks.end()) return fail(ErrorCode::retry, "no leader");
    return at->second;
  }
  std::optional<Offset> end_seen(PartitionId) const override { return std::nullopt; }
  Result<std::string> topic_id(milliseconds) override { return std::string(); }
  Result<std::uint32_t> partitions_of(const std::string&, milliseconds) override {
    ++topic_.metadata_asked;
    if (topic_.metadata_fails-- > 0) return fail(ErrorCode::unavailable, "nobody answers");
    return topic_.partitions;
  }
  GroupMetadata group_metadata() override {
    return {nullptr, [](auto*) {}};
  }
  std::string trouble() const override { return topic_.trouble; }

 private:
  Topic& topic_;
  GroupListener& listener_;
};

/// What it is told, a line each.
class Taker final : public RecordTaker {
 public:
  void come(RecordPlace from) override { say("come ", from); }
  void take(const Record& record) override { say("take ", {record.partition, record.offset}); }
  void at_end(RecordPlace place) override { say("end ", place); }
  void seen_to(RecordPlace end) override { seen_.push_back(text(end)); }
  void removed(PartitionId id, std::uint64_t offsets) override {
    said_.push_back("removed " + std::to_string(id.value()) + " " + std::to_string(offsets));
  }
  void leave(PartitionId id, bool lost) override {
    said_.push_back((lost ? "lost " : "leave ") + std::to_string(id.value()));
  }
  Lines said() { return std::exchange(said_, {}); }
  Lines seen() { return std::exchange(seen_, {}); }

 private:
  static std::string text(RecordPlace place) {
    return std::to_string(place.partition.value()) + ":" + std::to_string(place.next.value());
  }
  void say(const std::string& what, RecordPlace place) { said_.push_back(what + text(place)); }
  Lines said_, seen_;
};

/// Every look at it is a second later, so that a wait for brokers ends.
class HastyClock final : public Clock {
 public:
  WallTime wall() const override { return {}; }
  SteadyTime steady() const override { return now_ += seconds(1); }

 private:
  mutable SteadyTime now_{seconds(1000)};
};

std::vector<PartitionId> ids(std::initializer_list<int> numbers) {
  std::vector<PartitionId> out;
  for (const int one : numbers) out.emplace_back(static_cast<std::uint16_t>(one));
  return out;
}

KafkaMessage message(std::uint16_t partition, std::uint64_t offset) {
  return {{nullptr, [](rd_kafka_message_s*) {}},
          {.partition = PartitionId(partition), .offset = Offset(offset)},
          {}};
}

class GroupReaderTest : public testing::Test {
 protected:
  Result<std::unique_ptr<RecordSource>> try_open(const Clock& clock, bool from_beginning = false) {
    return open_group_reader(
        {.settings = {{"client.rack", "a"}},
         .topic = "outcomes",
         .group = "sink",
         .from_beginning = from_beginning},
        clock,
        [this](const ConsumerOptions& options,
               GroupListener& listener) -> Result<std::unique_ptr<KafkaConsumer>> {
          topic_.options = options;
          return std::make_unique<FakeConsumer>(topic_, listener);
        });
  }
  void open() {
    auto opened = try_open(clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    source_ = std::move(*opened);
  }
  Lines poll() {
    const auto got = source_->poll(milliseconds(0), 100, taker_);
    EXPECT_TRUE(got) << got.error().message;
    return taker_.said();
  }
  void on_poll(std::function<void(GroupListener&, std::vector<KafkaMessage>&)> what) {
    topic_.polls.push_back(std::move(what));
  }
  void assign(std::initializer_list<int> numbers) {
    on_poll(
        [this, all = ids(numbers)](GroupListener& group, auto&) { starts_ = group.assigned(all); });
  }

  Topic topic_;
  ManualClock clock_;
  Taker taker_;
  std::vector<Offset> starts_;
  std::unique_ptr<RecordSource> source_;
};

TEST_F(GroupReaderTest, ANewGroupBeginsAtTheEndOrAtTheBeginning) {
  open();
  EXPECT_EQ(topic_.committed, (Numbers{{0, 30}, {1, 5}}));
  EXPECT_EQ(topic_.options.topic, "outcomes");
  EXPECT_EQ(topic_.options.group, "sink");
  EXPECT_TRUE(topic_.options.ends);
  topic_.committed.clear();
  ASSERT_TRUE(try_open(clock_, true));
  EXPECT_EQ(topic_.committed, (Numbers{{0, 10}, {1, 0}}));
}

TEST_F(GroupReaderTest, AGroupThatIsThereIsLeftAsItIs) {
  topic_.committed = {{1, 3}};
  open();
  EXPECT_EQ(topic_.committed, (Numbers{{1, 3}}));
  EXPECT_EQ(topic_.commits, 0);
}

TEST_F(GroupReaderTest, OpeningTriesAgainForAWhile) {
  topic_.metadata_fails = 1;
  topic_.committed_fails = 1;
  topic_.commit_fails = 1;
  open();
  EXPECT_EQ(topic_.committed, (Numbers{{0, 30}, {1, 5}}));
  EXPECT_EQ(topic_.commits, 2);
}

TEST_F(GroupReaderTest, WhatDoesNotComeIsAnError) {
  const HastyClock clock;
  topic_.partitions = 0;
  const auto missing = try_open(clock);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::unavailable);
  EXPECT_EQ(missing.error().message, "kafka: no topic outcomes");
  EXPECT_GT(topic_.metadata_asked, 1);

  topic_.partitions = 2;
  topic_.commit_fails = 1000;
  const auto refused = try_open(clock);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::retry);
  EXPECT_EQ(refused.error().message, "no answer came");
}

TEST_F(GroupReaderTest, RecordsAndEndsComeInOrder) {
  topic_.committed = {{0, 20}};
  open();
  assign({0, 1});
  EXPECT_EQ(poll(), (Lines{"come 0:20", "come 1:0"}))
      << "a partition that the group does not know is read from its beginning";
  EXPECT_EQ(starts_, (std::vector<Offset>{Offset(20), Offset(0)}));
  on_poll([](GroupListener& group, auto& out) {
    out.push_back(message(0, 20));
    group.at_end(PartitionId(1), Offset(5));
    out.push_back(message(0, 23));
    group.at_end(PartitionId(0), Offset(24));
  });
  EXPECT_EQ(poll(), (Lines{"take 0:20", "take 0:23", "end 1:5", "end 0:24"}));
  EXPECT_EQ(poll(), Lines{}) << "nothing is told twice";
}

TEST_F(GroupReaderTest, WhereTheGroupStandsMayBeUnknownWhenPartitionsCome) {
  open();
  on_poll([this](GroupListener& group, auto&) {
    topic_.committed_fails = 1;
    starts_ = group.assigned(ids({0, 1}));
  });
  EXPECT_EQ(poll(), Lines{});
  EXPECT_TRUE(starts_.empty()) << "the brokers begin where the group stands";
  // The starts stand in step: behind one that is not known there is none.
  topic_.committed = {{0, 20}, {2, 8}};
  topic_.marks.erase(1);
  assign({0, 1, 2});
  EXPECT_EQ(poll(), (Lines{"come 0:20"}));
  EXPECT_EQ(starts_, (std::vector<Offset>{Offset(20)}));
  on_poll([](GroupListener& group, auto& out) {
    out.push_back(message(1, 3));
    out.push_back(message(1, 4));
    group.at_end(PartitionId(1), Offset(5));
    group.at_end(PartitionId(2), Offset(8));
  });
  EXPECT_EQ(poll(), (Lines{"come 1:3", "take 1:3", "take 1:4", "end 1:5", "come 2:8", "end 2:8"}))
      << "then what is read first says where it begins";
}

TEST_F(GroupReaderTest, WhatGoesIsNotGivenAnyMore) {
  topic_.committed = {{0, 20}, {1, 0}};
  open();
  assign({0, 1});
  poll();
  on_poll([](GroupListener& group, auto& out) {
    out.push_back(message(0, 20));
    out.push_back(message(1, 0));
    group.at_end(PartitionId(0), Offset(21));
    group.revoked(ids({0}), false);
  });
  EXPECT_EQ(poll(), (Lines{"leave 0", "take 1:0"}));
  on_poll([](GroupListener& group, auto&) { group.revoked(ids({1}), true); });
  EXPECT_EQ(poll(), (Lines{"lost 1"}));
  clock_.advance(seconds(1));
  taker_.seen();
  poll();
  EXPECT_EQ(taker_.seen(), Lines{}) << "of partitions that went nobody asks";
}

TEST_F(GroupReaderTest, AnOffsetThatIsNotThereAnyMore) {
  topic_.committed = {{0, 4}, {1, 90}};
  open();
  assign({0, 1});
  poll();
  on_poll([](GroupListener& group, auto&) {
    EXPECT_EQ(group.out_of_range(PartitionId(0)), Offset(10));
    EXPECT_EQ(group.out_of_range(PartitionId(1)), Offset(0));
  });
  EXPECT_EQ(poll(), (Lines{"removed 0 6"})) << "beyond the end nothing was removed";
  on_poll([this](GroupListener& group, auto&) {
    topic_.marks.clear();
    EXPECT_EQ(group.out_of_range(PartitionId(1)), Offset(90)) << "as long as nobody knows better";
  });
  EXPECT_EQ(poll(), Lines{});
}

TEST_F(GroupReaderTest, HowFarPartitionsReachIsAskedInTurn) {
  topic_.committed = {{0, 20}, {1, 0}};
  open();
  clock_.advance(seconds(1));
  assign({0, 1});
  poll();
  poll();
  EXPECT_EQ(taker_.seen(), (Lines{"0:30"})) << "not with each poll";
  clock_.advance(seconds(1));
  poll();
  EXPECT_EQ(taker_.seen(), (Lines{"1:5"}));
}

TEST_F(GroupReaderTest, BrokersThatAreAway) {
  open();
  const int asked = topic_.metadata_asked;
  topic_.trouble = "connection refused";
  EXPECT_EQ(poll(), Lines{}) << "it is new";
  clock_.advance(seconds(3));
  poll();
  EXPECT_EQ(topic_.metadata_asked, asked + 1) << "one of several brokers may be away";

  topic_.metadata_fails = 2;
  for (int i = 0; i < 2; ++i) {
    clock_.advance(seconds(3));
    const auto got = source_->poll(milliseconds(0), 100, taker_);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::unavailable);
    EXPECT_EQ(got.error().message, "nobody answers");
  }
  on_poll([](GroupListener&, auto& out) { out.push_back(message(0, 30)); });
  EXPECT_EQ(poll(), (Lines{"come 0:30", "take 0:30"})) << "what comes ends the trouble";
  EXPECT_EQ(poll(), Lines{});
}

TEST_F(GroupReaderTest, CommitsPausesAndTheEnd) {
  open();
  const std::vector<RecordPlace> places = {{PartitionId(0), Offset(31)}};
  ASSERT_TRUE(source_->commit(places));
  EXPECT_EQ(topic_.committed[0], 31U);
  topic_.commit_fails = 1;
  const auto kept = source_->commit(places);
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, ErrorCode::retry);
  source_->pause(true);
  source_->pause(false);
  EXPECT_EQ(topic_.pauses, "pause go on ");
  topic_.at_close = [](GroupListener& group) { group.revoked(ids({0, 1}), false); };
  source_->close(taker_);
  EXPECT_EQ(taker_.said(), (Lines{"leave 0", "leave 1"}));
}

TEST(GroupReader, ASettingThatIsRefusedIsSaid) {
  const ManualClock clock;
  const auto opened = open_group_reader(
      {}, clock, [](const auto&, auto&) -> Result<std::unique_ptr<KafkaConsumer>> {
        return fail(ErrorCode::config, "no such setting");
      });
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::config);
}

}  // namespace
}  // namespace ouzel
