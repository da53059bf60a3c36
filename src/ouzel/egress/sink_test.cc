#include "ouzel/egress/sink.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "ouzel/egress/log_feed.h"
#include "ouzel/gateway/log_rows_fixture.h"

namespace ouzel {
namespace {

/// Takes what the test lets it.
class FakeOutlet final : public Outlet {
 public:
  void take(std::vector<Message> window) override {
    EXPECT_TRUE(in_hand.empty()) << "only when the last one is done";
    in_hand = std::move(window);
  }
  Result<bool> step(std::chrono::nanoseconds) override {
    if (!trouble.empty()) return fail(ErrorCode::unavailable, trouble);
    if (slow) return false;
    for (const Message& message : in_hand) delivered.push_back(message.first.value());
    in_hand.clear();
    return true;
  }
  std::optional<Offset> drop(PartitionId) override { return std::nullopt; }
  void wake() override { ++woken; }
  std::string place() const override { return "place " + std::to_string(delivered.size()); }

  std::vector<Message> in_hand;
  std::vector<std::uint64_t> delivered;
  std::string trouble;
  bool slow = false;
  std::atomic<int> woken{0};
};

using Offsets = std::vector<std::uint64_t>;

class SinkTest : public testing::Test {
 protected:
  SinkTest()
      : root_(std::filesystem::path(testing::TempDir()) / ("sink-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
    make();
  }
  ~SinkTest() override {
    sink_.reset();
    std::filesystem::remove_all(root_);
  }

  std::unique_ptr<CursorFile> cursor_file() {
    auto file = CursorFile::open(*fs_, root_.string(), "ops", 7);
    EXPECT_TRUE(file);
    return std::move(*file);
  }
  /// A life of the process: the cursor is all that it has of the one before.
  void make() {
    sink_.reset();
    auto outlet = std::make_unique<FakeOutlet>();
    auto report = std::make_unique<SinkReport>();
    outlet_ = outlet.get();
    report_ = report.get();
    SinkParts parts{.name = "ops", .kind = "http", .target = "http://ops.example"};
    parts.clock = &clock_;
    parts.feed = std::make_unique<LogFeed>(log_, cursor_file(),
                                           FeedOptions{.alerts = true, .window_messages_max = 2});
    parts.report = std::move(report);
    parts.outlet = std::move(outlet);
    sink_ = std::make_unique<Sink>(std::move(parts));
  }
  void run_out() {
    for (int step = 0; step < 100; ++step) {
      if (!sink_->step()) return;
    }
    FAIL() << "it always has something to do";
  }

  std::filesystem::path root_;
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
  MemoryLog log_;
  ManualClock clock_;
  FakeOutlet* outlet_ = nullptr;
  SinkReport* report_ = nullptr;
  std::unique_ptr<Sink> sink_;
};

TEST_F(SinkTest, DeliversWindowByWindowAndKeepsItsPlace) {
  commit(log_, 0, 0, "apaaa");
  run_out();
  EXPECT_EQ(outlet_->delivered, (Offsets{0, 2, 3, 4}));
  EXPECT_EQ(sink_->needed(), log_.durable_end());
  EXPECT_EQ(sink_->status().next[0], Offset(5));
  const auto cursor = cursor_file();
  EXPECT_EQ(cursor->cursor().position, log_.durable_end());
  EXPECT_EQ(cursor->cursor().place, "place 4");
  make();
  run_out();
  EXPECT_TRUE(outlet_->delivered.empty()) << "delivered once";
}

TEST_F(SinkTest, TheCursorNeverPassesWhatIsNotDelivered) {
  commit(log_, 0, 0, "aaaa");
  ASSERT_TRUE(sink_->step());
  ASSERT_TRUE(sink_->step());
  EXPECT_EQ(outlet_->delivered, (Offsets{0, 1}));
  const LogPosition needed = sink_->needed();
  outlet_->slow = true;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(sink_->step());
  EXPECT_EQ(outlet_->in_hand.size(), 2U);
  EXPECT_EQ(cursor_file()->cursor().next[0], Offset(2));
  EXPECT_EQ(sink_->needed(), needed) << "the log must keep what it has not delivered";
  make();  // A crash: the second window comes again, the first does not.
  run_out();
  EXPECT_EQ(outlet_->delivered, (Offsets{2, 3}));
}

TEST_F(SinkTest, WhatIsOfNoInterestMovesTheCursorNowAndThen) {
  run_out();
  const LogPosition before = sink_->needed();
  clock_.advance(std::chrono::seconds(4));
  commit(log_, 0, 0, "pppp");
  run_out();
  EXPECT_EQ(sink_->needed(), before);
  EXPECT_EQ(sink_->status().next[0], Offset(4)) << "shown at once";
  clock_.advance(std::chrono::seconds(1));
  run_out();
  EXPECT_EQ(sink_->needed(), log_.durable_end());
}

TEST_F(SinkTest, AGapIsCounted) {
  commit(log_, 0, 0, "a");
  run_out();
  commit(log_, 0, 1, "aaa");
  commit(log_, 0, 4, "a");
  log_.forget(2);
  run_out();
  EXPECT_EQ(outlet_->delivered, (Offsets{0, 4}));
  EXPECT_EQ(sink_->status().skipped, 3U);
}

TEST_F(SinkTest, AtTheEndItDeliversWhatIsThere) {
  commit(log_, 0, 0, "aaaaa");
  sink_->start();
  sink_->stop(clock_.steady() + std::chrono::seconds(1));
  EXPECT_EQ(outlet_->delivered, (Offsets{0, 1, 2, 3, 4}));
  EXPECT_GE(outlet_->woken, 1);
  EXPECT_EQ(cursor_file()->cursor().next[0], Offset(5));
}

TEST_F(SinkTest, AtTheEndItDoesNotWaitForOneThatDoesNotGetOn) {
  commit(log_, 0, 0, "aa");
  outlet_->trouble = "refused";
  sink_->start();
  sink_->stop(clock_.steady() + std::chrono::hours(1));  // The clock stands: only trouble ends it.
  EXPECT_TRUE(outlet_->delivered.empty());
  EXPECT_EQ(sink_->status().trouble, "refused");
  EXPECT_FALSE(cursor_file()->found()) << "nothing is done, so nothing is noted";
  make();
  run_out();
  EXPECT_EQ(outlet_->delivered, (Offsets{0, 1}));
}

}  // namespace
}  // namespace ouzel
