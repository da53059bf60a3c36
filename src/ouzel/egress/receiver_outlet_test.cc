#include "ouzel/egress/receiver_outlet.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace ouzel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Keeps what is sent; the test answers.
class FakePoster final : public Poster {
 public:
  void start(std::size_t tag, PostRequest request) override {
    under_way[tag] = std::move(request);
    ++started;
  }
  std::vector<PostAnswer> wait(std::chrono::nanoseconds limit) override {
    waited = limit;
    return std::exchange(answers, {});
  }
  void wake() override {}
  void answer(std::size_t tag, int status, std::chrono::nanoseconds retry_after = {}) {
    ASSERT_EQ(under_way.erase(tag), 1u);
    answers.push_back({.tag = tag, .status = status, .retry_after = retry_after});
  }

  std::map<std::size_t, PostRequest> under_way;
  std::vector<PostAnswer> answers;
  std::size_t started = 0;
  std::chrono::nanoseconds waited{};
};

class ReceiverOutletTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() /
            ("ouzel-outlet-" + std::to_string(::getpid()) + "-" +
             ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
    ReceiverSpec receiver{.url = "http://ops.example/hook",
                          .in_flight = 2,
                          .retries = 2,
                          .backoff = milliseconds(100),
                          .backoff_max = milliseconds(150),
                          .timeout = seconds(1),
                          .retry_after_max = seconds(30)};
    auto poster = std::make_unique<FakePoster>();
    poster_ = poster.get();
    auto letters =
        DeadLetters::open(*fs_, {.directory = root_.string(), .sink = "ops", .bytes_max = 1 << 20});
    ASSERT_TRUE(letters);
    outlet_ = std::make_unique<ReceiverOutlet>(
        RequestForm{.pipeline = "line", .sink = "ops", .receiver = receiver},
        ReceiverSeams{.clock = &clock_,
                      .report = &report_,
                      .poster = std::move(poster),
                      .letters = std::move(*letters)});
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  static Message message(std::uint16_t partition, std::uint64_t offset) {
    const std::string id = std::to_string(partition) + ":" + std::to_string(offset);
    return {.partition = PartitionId(partition),
            .first = Offset(offset),
            .last = Offset(offset),
            .source = {PartitionId(partition), Offset(offset + 100)},
            .events = 1,
            .lines = R"({"specversion":"1.0","id":")" + id +
                     R"(","source":"/ouzel/line","type":"dev.ouzel.outcome.v1","data":{}})" + "\n"};
  }
  bool step() {
    const auto done = outlet_->step(seconds(1));
    EXPECT_TRUE(done) << done.error().message;
    return done.value_or(false);
  }
  std::string key(std::size_t tag) {
    for (const auto& [name, value] : poster_->under_way.at(tag).headers) {
      if (name == "Idempotency-Key") return value;
    }
    return "";
  }

  std::filesystem::path root_;
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
  ManualClock clock_;
  SinkReport report_;
  FakePoster* poster_ = nullptr;
  std::unique_ptr<ReceiverOutlet> outlet_;
};

TEST_F(ReceiverOutletTest, OneRequestOfAPartitionAtATime) {
  outlet_->take({message(0, 1), message(0, 2), message(1, 7), message(2, 9)});
  EXPECT_FALSE(step());
  ASSERT_EQ(poster_->under_way.size(), 2u);  // in_flight
  EXPECT_EQ(key(0), "line/0/1/ops");
  EXPECT_EQ(key(1), "line/1/7/ops");
  poster_->answer(0, 202);
  EXPECT_FALSE(step());
  EXPECT_FALSE(step());
  EXPECT_EQ(key(0), "line/0/2/ops");
  poster_->answer(0, 204);
  poster_->answer(1, 200);
  EXPECT_FALSE(step());
  EXPECT_FALSE(step());
  poster_->answer(2, 200);
  EXPECT_FALSE(step());
  EXPECT_TRUE(step());
  EXPECT_EQ(report_.delivered, 4u);
}

TEST_F(ReceiverOutletTest, LetsGoOfAPartition) {
  outlet_->take({message(0, 1), message(0, 2), message(1, 7), message(2, 9), message(2, 10)});
  EXPECT_FALSE(step());
  ASSERT_EQ(poster_->under_way.size(), 2u);
  EXPECT_EQ(outlet_->drop(PartitionId(0)), Offset(101));
  EXPECT_EQ(outlet_->drop(PartitionId(0)), std::nullopt);  // Told once.
  EXPECT_EQ(outlet_->drop(PartitionId(2)), Offset(109));
  EXPECT_EQ(outlet_->drop(PartitionId(3)), std::nullopt);
  poster_->answer(0, 503);  // Not tried again.
  poster_->answer(1, 200);
  EXPECT_FALSE(step());
  EXPECT_TRUE(step());
  EXPECT_EQ(poster_->started, 2u);
  EXPECT_EQ(report_.delivered, 1u);
  EXPECT_EQ(report_.dead_letters, 0u);
  EXPECT_EQ(report_.trouble(), "");
}

TEST_F(ReceiverOutletTest, WaitsLongerFromTryToTryThenKeepsTheLetter) {
  outlet_->take({message(0, 1)});
  EXPECT_FALSE(step());
  for (const auto& [least, most] : {std::pair(50, 100), std::pair(75, 150)}) {
    poster_->answer(0, 503);
    EXPECT_FALSE(step());
    EXPECT_FALSE(report_.trouble().empty());
    clock_.advance(milliseconds(least - 1));
    EXPECT_FALSE(step());
    EXPECT_TRUE(poster_->under_way.empty());
    EXPECT_LE(poster_->waited, milliseconds(most - least + 1));
    clock_.advance(milliseconds(most - least + 1));
    EXPECT_FALSE(step());
    EXPECT_EQ(key(0), "line/0/1/ops");
  }
  poster_->answer(0, 503);
  EXPECT_FALSE(step());
  EXPECT_TRUE(step());
  EXPECT_EQ(report_.dead_letters, 1u);
  EXPECT_EQ(report_.retries, 2u);
  const auto text = read_file(*fs_, (root_ / "ops.ndjson").string());
  ASSERT_TRUE(text);
  const auto letter = read_letter(std::string_view(*text).substr(0, text->size() - 1));
  ASSERT_TRUE(letter);
  EXPECT_EQ(letter->key, "line/0/1/ops");
  EXPECT_EQ(letter->message.lines, message(0, 1).lines);
  EXPECT_EQ(letter->message.first, Offset(1));
}

TEST_F(ReceiverOutletTest, RetryAfterIsTheLeastWaitUpToItsCap) {
  outlet_->take({message(0, 1)});
  EXPECT_FALSE(step());
  poster_->answer(0, 429, seconds(3600));
  EXPECT_FALSE(step());
  clock_.advance(seconds(29));
  EXPECT_FALSE(step());
  EXPECT_TRUE(poster_->under_way.empty());
  clock_.advance(seconds(1));
  EXPECT_FALSE(step());
  EXPECT_EQ(poster_->under_way.size(), 1u);
}

TEST_F(ReceiverOutletTest, OnePartitionThatWaitsDoesNotStopTheOthers) {
  outlet_->take({message(0, 1), message(1, 1), message(1, 2)});
  EXPECT_FALSE(step());
  poster_->answer(0, 500);
  poster_->answer(1, 200);
  EXPECT_FALSE(step());
  EXPECT_FALSE(step());
  EXPECT_EQ(key(1), "line/1/2/ops");
}

TEST(ReceiverOutcome, RetriesWhatKnativeRetries) {
  for (const int status : {0, 404, 408, 409, 429, 500, 503, 599}) EXPECT_TRUE(is_retriable(status));
  for (const int status : {301, 307, 400, 401, 403, 410, 415, 418}) {
    EXPECT_FALSE(is_retriable(status));
  }
}

}  // namespace
}  // namespace ouzel
