#include "ouzel/tool/kafka/group_check.h"

#include <gtest/gtest.h>

#include <vector>

namespace ouzel {
namespace {

using State = Check::State;

GroupOffset at(std::uint16_t partition, std::uint64_t offset) {
  return {.partition = PartitionId(partition), .offset = Offset(offset), .metadata = {}};
}

Check check(const std::vector<Watermarks>& marks, const std::vector<GroupOffset>& committed) {
  return check_group("g", "t", marks, committed);
}

TEST(GroupCheck, CountsWhatIsBehind) {
  const std::vector<Watermarks> marks = {{Offset(10), Offset(40)}, {Offset(0), Offset(5)}};
  EXPECT_EQ(check(marks, {}).found, "g has not begun: 35 offsets behind");
  EXPECT_EQ(check(marks, {{.partition = PartitionId(0), .offset = {}, .metadata = {}}}).found,
            "g has not begun: 35 offsets behind");
  EXPECT_EQ(check(marks, {at(0, 40)}).found, "g: 5 offsets behind");
  const Check all = check(marks, {at(1, 5), at(0, 10)});
  EXPECT_EQ(all.found, "g: 30 offsets behind");
  EXPECT_EQ(all.state, State::ok);
  EXPECT_EQ(check({}, {}).found, "g has not begun: 0 offsets behind") << "a topic of none";
  EXPECT_EQ(check(marks, {at(7, 3)}).found, "g has not begun: 35 offsets behind")
      << "of a partition that the topic does not have";
}

TEST(GroupCheck, SaysWhatAWorkerStandsStillFor) {
  const std::vector<Watermarks> marks(3, {Offset(0), Offset(50)});
  const Check one = check(marks, {at(0, 50), at(1, 9999)});
  EXPECT_EQ(one.state, State::fail);
  EXPECT_EQ(one.found,
            "g: it stands at 9999 in partition 1, but topic t ends at 50: it was made anew or cut");
  EXPECT_NE(one.advice.find("--reset-offsets"), std::string::npos) << one.advice;
  const Check two = check(marks, {at(2, 51), at(1, 52)});
  EXPECT_TRUE(two.found.ends_with("; so it is in 1 other")) << two.found;
}

TEST(GroupCheck, SaysWhatWasRemovedUnread) {
  const Check lost = check({{Offset(100), Offset(150)}}, {at(0, 99)});
  EXPECT_EQ(lost.state, State::fail);
  EXPECT_EQ(lost.found,
            "g: it stands at 99 in partition 0, but topic t begins at 100: what was between was "
            "removed unread");
  EXPECT_FALSE(lost.advice.empty());
  EXPECT_EQ(check({{Offset(100), Offset(150)}}, {at(0, 100)}).state, State::ok);
  EXPECT_EQ(check({{Offset(100), Offset(100)}}, {at(0, 99)}).state, State::warn)
      << "it may have been a transaction's mark";
  const Check worst =
      check({{Offset(100), Offset(150)}, {Offset(0), Offset(1)}}, {at(0, 99), at(1, 2)});
  EXPECT_NE(worst.found.find("ends at"), std::string::npos) << worst.found;
}

}  // namespace
}  // namespace ouzel
