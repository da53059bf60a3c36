#include "ouzel/tool/kafka/outcome_place.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace ouzel {
namespace {

using std::chrono::milliseconds;

/// A partition whose offsets may have holes, as Kafka's have where transactions end.
class FakeTopic final : public TopicReader {
 public:
  void put(std::uint64_t at, std::string id) { records_[at] = std::move(id); }
  Result<void> seek(PartitionId /*partition*/, Offset offset) override {
    at_ = offset.value();
    ++seeks;
    return {};
  }
  Result<Watermarks> watermarks(PartitionId /*partition*/, milliseconds /*limit*/) override {
    const std::uint64_t end = records_.empty() ? 0 : records_.rbegin()->first + 2;
    return Watermarks{Offset(records_.empty() ? 0 : records_.begin()->first), Offset(end)};
  }
  Result<void> poll(milliseconds /*limit*/, std::size_t max,
                    std::vector<KafkaMessage>& out) override {
    for (auto next = records_.lower_bound(at_); next != records_.end() && max > 0; ++next, --max) {
      at_ = next->first + 1;
      std::vector<RecordHeader> headers = {{"ce_source", "/p"}, {"ce_type", "t"}};
      if (!next->second.empty()) headers.push_back({"ce_id", next->second});
      out.emplace_back(KafkaMessage::Owner(nullptr, [](auto*) {}),
                       Record{.offset = Offset(next->first), .value = "{}"}, headers);
    }
    return {};
  }
  bool at_end() const override { return records_.lower_bound(at_) == records_.end(); }
  std::uint32_t partitions() const override { return 1; }

  /// Of the first record where it stands; -1: none.
  std::string next() const {
    const auto found = records_.lower_bound(at_);
    return found == records_.end() ? "none" : found->second;
  }
  int seeks = 0;

 private:
  std::map<std::uint64_t, std::string> records_;
  std::uint64_t at_ = 0;
};

std::string found(FakeTopic& topic, std::uint64_t event) {
  EXPECT_TRUE(seek_outcome(topic, PartitionId(3), Offset(event), milliseconds(1000)));
  return topic.next();
}

TEST(OutcomePlace, IsFoundAcrossHoles) {
  FakeTopic topic;
  EXPECT_EQ(found(topic, 7), "none");
  // Events have holes too, and the oldest outcomes are gone.
  constexpr std::uint64_t kFirst = 1000, kCount = 20'000;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    topic.put(500 + i + i / 7 * 3, "3:" + std::to_string(kFirst + i + i / 100));
  }
  topic.seeks = 0;
  for (std::uint64_t i = 0; i < kCount; i += 97) {
    const std::string id = "3:" + std::to_string(kFirst + i + i / 100);
    ASSERT_EQ(found(topic, kFirst + i + i / 100), id);
  }
  EXPECT_LT(topic.seeks, 20 * (kCount / 97 + 1));
  EXPECT_EQ(found(topic, 0), "3:1000");
  EXPECT_EQ(found(topic, kFirst + 100), "3:1101");  // That event has no outcome.
  EXPECT_EQ(found(topic, 1'000'000), "none");
}

TEST(OutcomePlace, PassesOverWhatOthersWrote) {
  FakeTopic topic;
  for (std::uint64_t i = 0; i < 100; ++i) topic.put(i, i % 3 == 0 ? "3:" + std::to_string(i) : "");
  for (std::uint64_t i = 0; i < 99; i += 3) {
    found(topic, i);
    std::vector<KafkaMessage> messages;
    ASSERT_TRUE(topic.poll(milliseconds(0), 3, messages));
    const bool there = std::any_of(messages.begin(), messages.end(), [&](const auto& message) {
      return message.record().offset == Offset(i);
    });
    EXPECT_TRUE(there) << i;
  }
}

}  // namespace
}  // namespace ouzel
