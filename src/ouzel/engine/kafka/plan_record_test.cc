#include "ouzel/engine/kafka/plan_record.h"

#include <gtest/gtest.h>

namespace ouzel {
namespace {

const Hash128 kOne{1, 1}, kTwo{2, 2}, kThree{3, 3};
using Hashes = std::vector<Hash128>;

PlanRecord written_and_read(const PlanRecord& record) {
  std::string hold;
  const auto headers = plan_headers(record, hold);
  const auto read = read_plan_record({.value = record.text, .headers = headers});
  return read.value_or(PlanRecord{});
}

TEST(PlanRecord, IsReadAsItWasWritten) {
  const PlanRecord record{.text = "name: a\n", .replaced = {kOne, kTwo}, .worker = "press-1"};
  EXPECT_EQ(written_and_read(record), record);
  const PlanRecord first{.text = "name: a\n", .replaced = {}, .worker = "press-1"};
  EXPECT_EQ(written_and_read(first), first);
}

TEST(PlanRecord, WhatIsNoneIsNotRead) {
  EXPECT_FALSE(read_plan_record({}));
  EXPECT_FALSE(read_plan_record({.value = ""}));
  const std::string some = to_string(kOne);
  for (const std::string& wrong :
       {std::string("x"), some + "x", some + "  " + some, some.substr(1), some + ","}) {
    const RecordHeader header{.name = "replaced", .value = wrong};
    EXPECT_FALSE(read_plan_record({.value = "name: a", .headers = {&header, 1}})) << wrong;
  }
  std::string many = some;
  for (std::size_t i = 0; i < kReplacedMax; ++i) many += " " + some;
  const RecordHeader header{.name = "replaced", .value = many};
  EXPECT_FALSE(read_plan_record({.value = "name: a", .headers = {&header, 1}}));
}

TEST(PlanRecord, TheNextReplacesAllThatWereBefore) {
  const PlanRecord last{.text = "name: old\n", .replaced = {kOne, kTwo}, .worker = "w"};
  const PlanRecord next = next_record(last, "name: new\n", kThree, "x");
  EXPECT_EQ(next.replaced, Hashes({kThree, last.plan(), kOne, kTwo}));
  EXPECT_EQ(next.worker, "x");
  EXPECT_TRUE(next.replaces(kTwo));
  EXPECT_FALSE(next.replaces(next.plan()));
  // Back to the plan before: it is no old one any more.
  const PlanRecord back = next_record(next, last.text, next.plan(), "y");
  EXPECT_EQ(back.replaced, Hashes({next.plan(), kThree, kOne, kTwo}));
  EXPECT_EQ(next_record(std::nullopt, "name: a\n", kOne, "w").replaced, Hashes({kOne}));
  // Said again of the plan that was there all the time.
  EXPECT_EQ(next_record(std::nullopt, "name: a\n", hash128("name: a\n"), "w").replaced, Hashes());
}

TEST(PlanRecord, TheOldestAreForgotten) {
  std::optional<PlanRecord> last;
  for (std::size_t i = 0; i < kReplacedMax + 20; ++i) {
    const Hash128 before = last ? last->plan() : kOne;
    last = next_record(last, "name: p" + std::to_string(i) + "\n", before, "w");
  }
  EXPECT_EQ(last->replaced.size(), kReplacedMax);
  EXPECT_TRUE(last->replaces(hash128("name: p118\n")));
  EXPECT_FALSE(last->replaces(kOne));
}

}  // namespace
}  // namespace ouzel
