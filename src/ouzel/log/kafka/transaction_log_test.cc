#include "ouzel/log/kafka/transaction_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "ouzel/base/clock.h"
#include "ouzel/base/wake.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {
namespace {

using namespace std::chrono_literals;

void pause(std::chrono::nanoseconds time) {
  Wake nobody;
  nobody.wait_for(time);
}

/// What a broker keeps: records that are visible, offsets that are committed, and a transaction.
struct Broker {
  std::mutex mutex;
  std::vector<std::string> visible, open;
  std::map<PartitionId, GroupOffset> committed;
  int producers = 0;
  int aborts = 0;
  /// What the next commits do, in order; empty: they work.
  enum class Commit : std::uint8_t {
    works,
    refused,  ///< Not done; the producer may abort.
    lost,     ///< Done, and nobody is told.
    unknown,  ///< Not done, and nobody is told.
    fenced,   ///< Likewise: another producer has the id.
  };
  std::deque<Commit> commits;
  std::atomic<bool> held{false};  ///< Commits wait.
  std::atomic<int> waiting{0};    ///< They have come so far.
  std::chrono::nanoseconds init_takes{0};

  std::vector<std::string> seen() {
    const std::lock_guard lock(mutex);
    return visible;
  }
};

class FakeProducer final : public KafkaProducer {
 public:
  explicit FakeProducer(Broker& broker) : broker_(broker) {}
  TransactionResult init(std::chrono::milliseconds /*limit*/) override {
    if (broker_.init_takes > 0ns) pause(broker_.init_takes);
    const std::lock_guard lock(broker_.mutex);
    ++broker_.producers;
    broker_.open.clear();
    return {};
  }
  TransactionResult sweep(std::span<const OutRecord>, std::span<const GroupOffset>,
                          KafkaConsumer& /*group*/) override {
    return {};
  }
  TransactionResult begin() override { return {}; }
  TransactionResult produce(const OutRecord& record) override {
    const std::lock_guard lock(broker_.mutex);
    broker_.open.emplace_back(record.value.value_or(""));
    return {};
  }
  TransactionResult commit(std::span<const GroupOffset> offsets,
                           KafkaConsumer& /*group*/) override {
    ++broker_.waiting;
    while (broker_.held) pause(1ms);
    const std::lock_guard lock(broker_.mutex);
    auto what = Broker::Commit::works;
    if (!broker_.commits.empty()) {
      what = broker_.commits.front();
      broker_.commits.pop_front();
    }
    using Commit = Broker::Commit;
    if (what == Commit::works || what == Commit::lost) {
      for (std::string& value : broker_.open) broker_.visible.push_back(std::move(value));
      broker_.open.clear();
      for (const GroupOffset& one : offsets) broker_.committed[one.partition] = one;
    }
    if (what == Commit::works) return {};
    return tl::unexpected(TransactionError{
        what == Commit::refused ? TransactionFault::abort : TransactionFault::dead,
        what == Commit::fenced ? "Local: This instance has been fenced by a newer instance"
                               : "planted"});
  }
  TransactionResult abort() override {
    const std::lock_guard lock(broker_.mutex);
    ++broker_.aborts;
    broker_.open.clear();
    return {};
  }

 private:
  Broker& broker_;
};

class FakeGroup final : public KafkaConsumer {
 public:
  explicit FakeGroup(Broker& broker) : broker_(broker) {}
  void poll(std::chrono::milliseconds, std::size_t, std::vector<KafkaMessage>&) override {}
  void pause(bool) override {}
  Result<void> seek(PartitionId, Offset) override { return {}; }
  void close() override {}
  Result<std::vector<GroupOffset>> committed(std::span<const PartitionId> partitions,
                                             std::chrono::milliseconds) override {
    const std::lock_guard lock(broker_.mutex);
    std::vector<GroupOffset> out;
    for (const PartitionId id : partitions) {
      out.push_back(broker_.committed.contains(id) ? broker_.committed[id] : GroupOffset{id});
    }
    return out;
  }
  Result<void> commit(std::span<const GroupOffset>) override { return {}; }
  Result<Offset> end_of(const std::string&, std::chrono::milliseconds) override { return Offset{}; }
  Result<Watermarks> watermarks(PartitionId, std::chrono::milliseconds) override {
    return Watermarks{};
  }
  std::optional<Offset> end_seen(PartitionId) const override { return std::nullopt; }
  Result<std::string> topic_id(std::chrono::milliseconds) override { return std::string(); }
  Result<std::uint32_t> partitions_of(const std::string&, std::chrono::milliseconds) override {
    return 1;
  }
  GroupMetadata group_metadata() override { return {nullptr, nullptr}; }
  std::string trouble() const override { return {}; }

 private:
  Broker& broker_;
};

constexpr PartitionId kFirst{0};
constexpr PartitionId kSecond{1};

class TransactionLogTest : public ::testing::Test {
 protected:
  explicit TransactionLogTest(std::chrono::nanoseconds interval = 1ms)
      : group_(broker_),
        log_({.clock = &clock_,
              .group = &group_,
              .make_producer = [this]() -> Result<std::unique_ptr<KafkaProducer>> {
                return std::make_unique<FakeProducer>(broker_);
              },
              .records = [](PartitionId id, std::string_view body,
                            KafkaProducer& producer) { return write(id, body, producer); },
              .committed =
                  [this](std::span<const FrameHeader> headers) {
                    for (const FrameHeader& header : headers) settled_ += header.rows;
                  },
              .diverged = [this](PartitionId id) { diverged_ = id.value(); }},
             {.interval_min = interval, .interval_max = interval}) {}
  ~TransactionLogTest() override { log_.stop(1h); }

  /// A record an offset, as "partition:offset".
  static TransactionResult write(PartitionId id, std::string_view body, KafkaProducer& producer) {
    const auto commit = CommitReader::open(body);
    for (std::uint32_t i = 0; i < commit->rows(); ++i) {
      const std::string value =
          std::to_string(id.value()) + ":" + std::to_string((commit->first() + i).value());
      static const std::string topic = "outcomes";
      if (auto done = producer.produce({.topic = &topic, .value = value}); !done) return done;
    }
    return {};
  }

  /// The partition's next `rows` outcomes.
  AppendNumber append(PartitionId id, std::uint32_t rows) {
    Offset& next = next_[id];
    Batch batch;
    for (std::uint32_t i = 0; i < rows; ++i) {
      batch.fate.push_back(Fate::malformed);
      batch.flags.push_back(0);
      batch.time.emplace_back();
      batch.label.emplace_back();
      batch.route.emplace_back();
      batch.reasons.emplace_back();
      for (StringColumn* column :
           {&batch.source, &batch.id, &batch.key, &batch.trace, &batch.detail}) {
        column->append("");
      }
    }
    CommitWriter writer;
    writer.begin(next);
    writer.add(batch, false, {});
    Totals totals;
    totals.rejected[static_cast<std::size_t>(Fate::malformed)] = next.value() + rows;
    FrameDraft draft{.topic = Topic::outcomes, .partition = id, .base = next, .rows = rows};
    draft.body = writer.finish({.pipeline = "press", .plan = {1, 2}}, totals);
    next += rows;
    const AppendNumber number = log_.append(std::move(draft));
    log_.flush();
    return number;
  }

  bool wait_until(const std::function<bool()>& done) {
    for (int i = 0; i < 5000 && !done(); ++i) pause(1ms);
    return done();
  }
  /// Each record just once, in order of its partition's offsets.
  void expect_visible(std::vector<std::string> expected) {
    EXPECT_TRUE(wait_until([&] { return broker_.seen().size() >= expected.size(); }));
    std::vector<std::string> seen = broker_.seen();
    std::stable_sort(seen.begin(), seen.end(),
                     [](const auto& a, const auto& b) { return a[0] < b[0]; });
    EXPECT_EQ(seen, expected);
  }
  std::optional<Offset> committed(PartitionId id) {
    return group_.committed({&id, 1}, 0ms)->front().offset;
  }

  SystemClock clock_;
  Broker broker_;
  FakeGroup group_;
  std::map<PartitionId, Offset> next_;
  std::atomic<std::uint64_t> settled_{0};
  std::atomic<int> diverged_{-1};
  TransactionLog log_;
};

TEST_F(TransactionLogTest, OutcomesAndOffsetsAreCommittedTogether) {
  log_.enter(kFirst, std::nullopt, {.partitions = 2, .owner = "me"});
  log_.start();
  append(kFirst, 2);
  append(kFirst, 1);
  expect_visible({"0:0", "0:1", "0:2"});
  EXPECT_TRUE(wait_until([&] { return committed(kFirst) == Offset(3) && settled_ == 3; }));
  const auto note = read_note(broker_.committed[kFirst].metadata);
  ASSERT_TRUE(note.has_value());
  EXPECT_EQ(note->owner, "me");
  EXPECT_EQ(note->plan, (Hash128{1, 2}));
  EXPECT_EQ(note->totals.rejected_total(), 3U);
}

TEST_F(TransactionLogTest, WhatWasRefusedIsSentAgain) {
  broker_.commits = {Broker::Commit::refused, Broker::Commit::refused};
  log_.enter(kFirst, std::nullopt, {});
  log_.start();
  append(kFirst, 2);
  expect_visible({"0:0", "0:1"});
  EXPECT_EQ(broker_.aborts, 2);
  EXPECT_EQ(broker_.producers, 1);
}

TEST_F(TransactionLogTest, WhatIsCommittedWithoutAWordIsNotSentAgain) {
  broker_.commits = {Broker::Commit::lost};
  log_.enter(kFirst, std::nullopt, {});
  log_.start();
  append(kFirst, 2);
  EXPECT_TRUE(wait_until([&] { return settled_ == 2; }));
  append(kFirst, 1);
  expect_visible({"0:0", "0:1", "0:2"});
  EXPECT_EQ(broker_.producers, 2);  // A new epoch after a result that nobody knows.
}

TEST_F(TransactionLogTest, WhatMayBeCommittedAndIsNotIsSentAgainByANewProducer) {
  broker_.commits = {Broker::Commit::unknown};
  log_.enter(kFirst, std::nullopt, {});
  log_.start();
  append(kFirst, 2);
  expect_visible({"0:0", "0:1"});
  EXPECT_EQ(broker_.producers, 2);
  EXPECT_EQ(broker_.aborts, 0);
}

TEST_F(TransactionLogTest, APartitionThatMovedWithoutUsIsRecoveredAndTheOthersGoOn) {
  broker_.commits = {Broker::Commit::refused};
  log_.enter(kFirst, std::nullopt, {});
  log_.enter(kSecond, std::nullopt, {});
  broker_.held = true;
  log_.start();
  append(kFirst, 2);
  append(kSecond, 2);
  {
    const std::lock_guard lock(broker_.mutex);
    broker_.committed[kFirst] = {.partition = kFirst, .offset = Offset(7)};
  }
  broker_.held = false;
  EXPECT_TRUE(wait_until([&] { return diverged_ == 0; }));
  append(kFirst, 1);
  append(kSecond, 1);
  expect_visible({"1:0", "1:1", "1:2"});
  EXPECT_EQ(committed(kFirst), Offset(7));
}

TEST_F(TransactionLogTest, NothingIsWrongOnceAllThatFailedHasGone) {
  broker_.commits = {Broker::Commit::refused};
  log_.enter(kFirst, std::nullopt, {});
  broker_.held = true;
  log_.start();
  append(kFirst, 2);
  {
    const std::lock_guard lock(broker_.mutex);
    broker_.committed[kFirst] = {.partition = kFirst, .offset = Offset(7)};
  }
  broker_.held = false;
  EXPECT_TRUE(wait_until([&] { return diverged_ == 0; }));
  EXPECT_EQ(log_.trouble(), "");
}

TEST_F(TransactionLogTest, WhoLeavesTakesItsFramesOutOfTheOpenTransaction) {
  log_.enter(kFirst, std::nullopt, {});
  log_.enter(kSecond, std::nullopt, {});
  append(kFirst, 2);
  append(kSecond, 2);
  log_.leave(kFirst);
  log_.start();
  expect_visible({"1:0", "1:1"});
  EXPECT_EQ(committed(kFirst), std::nullopt);
}

TEST_F(TransactionLogTest, LeavingWaitsForACommitUnderWay) {
  log_.enter(kFirst, std::nullopt, {});
  broker_.held = true;
  log_.start();
  append(kFirst, 2);
  pause(20ms);  // It is in its commit, most likely; if not, it aborts.
  std::thread opens([&] {
    pause(20ms);
    broker_.held = false;
  });
  log_.leave(kFirst);
  const auto at = committed(kFirst);
  const std::size_t visible = broker_.seen().size();
  opens.join();
  pause(20ms);
  EXPECT_EQ(broker_.seen().size(), visible);  // Nothing came after it had left.
  EXPECT_EQ(at.has_value(), visible > 0);
}

TEST_F(TransactionLogTest, WhoWaitsIsToldOnceItIsCommitted) {
  log_.enter(kFirst, std::nullopt, {});
  broker_.held = true;
  log_.start();
  std::atomic<bool> told{false};
  log_.when_durable(append(kFirst, 1), [&](const std::optional<Error>& error) {
    EXPECT_FALSE(error);
    told = true;
  });
  pause(20ms);
  EXPECT_FALSE(told);
  broker_.held = false;
  EXPECT_TRUE(wait_until([&] { return told.load(); }));
}

TEST_F(TransactionLogTest, ReadersFollowWhatIsCommitted) {
  log_.enter(kFirst, std::nullopt, {});
  const auto reader = log_.read_from(log_.oldest());
  ASSERT_FALSE(reader->next()->has_value());
  log_.start();
  append(kFirst, 2);
  ASSERT_TRUE(wait_until([&] { return settled_ == 2; }));
  const auto frame = reader->next();
  ASSERT_TRUE(frame->has_value());
  EXPECT_EQ((*frame)->header.rows, 2U);
  EXPECT_EQ(CommitReader::open((*frame)->body)->first(), Offset(0));
}

class SlowTransactionLogTest : public TransactionLogTest {
 protected:
  SlowTransactionLogTest() : TransactionLogTest(1h) {}
};

TEST_F(SlowTransactionLogTest, AHurryIsOverWithWhatThereWas) {
  log_.enter(kFirst, std::nullopt, {});
  broker_.held = true;
  log_.start();
  append(kFirst, 1);
  log_.hurry();
  ASSERT_TRUE(wait_until([&] { return broker_.waiting == 1; }));
  append(kFirst, 1);  // While the first is committed.
  broker_.held = false;
  ASSERT_TRUE(wait_until([&] { return settled_ == 1; }));
  pause(50ms);
  EXPECT_EQ(broker_.waiting, 1);
  log_.hurry();
  expect_visible({"0:0", "0:1"});
}

TEST_F(TransactionLogTest, WhoIsFencedOnceIsSlowAndWhoAlwaysIsHasATwin) {
  broker_.init_takes = 20ms;
  broker_.commits = {Broker::Commit::fenced};
  log_.enter(kFirst, std::nullopt, {});
  log_.start();
  const auto twins = [&] { return log_.trouble().starts_with("another process works under"); };
  bool once = false;
  append(kFirst, 1);
  EXPECT_TRUE(wait_until([&] {
    once = once || twins();
    return settled_ == 1;
  }));
  EXPECT_FALSE(once);
  {
    const std::lock_guard lock(broker_.mutex);
    broker_.commits = {Broker::Commit::fenced, Broker::Commit::fenced, Broker::Commit::fenced};
  }
  append(kFirst, 1);
  EXPECT_TRUE(wait_until(twins));
  expect_visible({"0:0", "0:1"});
  EXPECT_TRUE(wait_until([&] { return log_.trouble().empty(); }));
}

TEST(CommitNoteTest, IsReadAsItWasWritten) {
  CommitNote note{.plan = {7, 9},
                  .plan_since = Offset(12),
                  .began = Offset(3),
                  .partitions = 8,
                  .owner = "press-00ff"};
  note.totals.scored = 5;
  note.totals.review_overflow = 2;
  note.totals.rejected[3] = 4;
  const auto read = read_note(to_text(note));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(to_text(*read), to_text(note));
  EXPECT_EQ(read->totals, note.totals);
  EXPECT_LT(to_text(note).size(), 1024U);
  for (const char* other : {"", "ouzel2 plan=1", "ouzel1 plan=zz", "ouzel1 totals=1,2", "x"}) {
    EXPECT_FALSE(read_note(other).has_value()) << other;
  }
}

}  // namespace
}  // namespace ouzel
