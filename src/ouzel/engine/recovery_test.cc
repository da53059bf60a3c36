#include "ouzel/engine/recovery.h"

#include <gtest/gtest.h>

namespace ouzel {
namespace {

constexpr Hash128 kOld{1, 1}, kNew{2, 2};
constexpr Hash128 kState{7, 7}, kOtherState{8, 8};

SnapshotHeader snapshot(std::uint64_t next, Hash128 plan, Hash128 state) {
  SnapshotHeader out;
  out.plan = plan;
  out.state = state;
  out.next = Offset(next);
  out.resume = LogPosition(10 * next);
  return out;
}

/// A partition in which `plan` was in force at the committed end; newest snapshot first.
PartitionFound found(Hash128 plan, std::vector<SnapshotHeader> snapshots) {
  PartitionFound out;
  out.plan = plan;
  out.snapshots = std::move(snapshots);
  out.accepted = out.committed = Offset(100);
  return out;
}

const auto kWhole = [](const SnapshotHeader&) { return true; };
const auto kDamaged = [](const SnapshotHeader&) { return false; };
const ReplayChoice kRun{.plan = kNew, .state = kState};

TEST(ChooseReplay, TheSamePlanTakesItsNewestSnapshot) {
  auto partition = found(kNew, {snapshot(90, kNew, kState), snapshot(50, kNew, kState)});
  choose_replay(partition, kRun, kWhole);
  EXPECT_FALSE(partition.rebuilt);
  EXPECT_EQ(partition.replay_offset, Offset(90));
  EXPECT_EQ(partition.replay_from, LogPosition(900));
}

TEST(ChooseReplay, AnotherPlanOfThatStateGoesOnWhereTheOldOneEnded) {
  auto partition = found(kOld, {snapshot(100, kOld, kState), snapshot(50, kOld, kState)});
  partition.foreign_end = Offset(100);
  choose_replay(partition, kRun, kWhole);
  EXPECT_FALSE(partition.rebuilt);
  EXPECT_EQ(partition.replay_offset, Offset(100));
}

TEST(ChooseReplay, ItDoesNotReplayWhatAnotherPlanDecided) {
  auto partition = found(kOld, {snapshot(99, kOld, kState)});
  partition.foreign_end = Offset(100);
  choose_replay(partition, kRun, kWhole);
  EXPECT_TRUE(partition.rebuilt);
  EXPECT_EQ(partition.stopped, "") << "a new plan may begin anew";

  // Back to a plan that has a snapshot, but not of what was decided since.
  auto back = found(kOld, {snapshot(40, kNew, kState)});
  back.foreign_end = Offset(100);
  choose_replay(back, kRun, kWhole);
  EXPECT_TRUE(back.rebuilt);
}

TEST(ChooseReplay, AfterACrashOfTheNewPlanTheOldPlansLastSnapshotCounts) {
  auto partition = found(kNew, {snapshot(60, kOld, kState)});
  partition.foreign_end = Offset(60);
  choose_replay(partition, kRun, kWhole);
  EXPECT_FALSE(partition.rebuilt);
  EXPECT_EQ(partition.replay_offset, Offset(60));
}

TEST(ChooseReplay, AnotherStateIsRebuilt) {
  auto partition = found(kOld, {snapshot(100, kOld, kOtherState)});
  partition.oldest = Offset(30);
  choose_replay(partition, kRun, kWhole);
  EXPECT_TRUE(partition.rebuilt);
  EXPECT_EQ(partition.replay_offset, Offset(30));
  EXPECT_EQ(partition.stopped, "");
}

TEST(ChooseReplay, ASnapshotOfVersion1CountsForItsPlanOnly) {
  auto same = found(kNew, {snapshot(90, kNew, {})});
  choose_replay(same, kRun, kWhole);
  EXPECT_FALSE(same.rebuilt);
  auto other = found(kOld, {snapshot(100, kOld, {})});
  choose_replay(other, kRun, kWhole);
  EXPECT_TRUE(other.rebuilt);
}

TEST(ChooseReplay, DamageStopsUnlessTheStateIsKnownToComeFromWhatIsThere) {
  for (const auto& exact : {std::optional<bool>(), std::optional(false), std::optional(true)}) {
    auto partition = found(kNew, {snapshot(90, kNew, kState)});
    ReplayChoice choice = kRun;
    choice.exact = exact;
    choose_replay(partition, choice, kDamaged);
    EXPECT_TRUE(partition.rebuilt);
    EXPECT_EQ(partition.stopped.empty(), exact.value_or(false));
    choice.rebuild = true;
    auto asked = found(kNew, {snapshot(90, kNew, kState)});
    choose_replay(asked, choice, kWhole);
    EXPECT_TRUE(asked.rebuilt);
    EXPECT_EQ(asked.stopped, "") << "the operator asked for it";
  }
}

TEST(ChooseReplay, ACrashOfARebuiltPlanBeforeItsFirstSnapshotRebuildsAgain) {
  auto partition = found(kNew, {snapshot(60, kOld, kOtherState)});
  partition.foreign_end = Offset(60);
  choose_replay(partition, kRun, kWhole);
  EXPECT_TRUE(partition.rebuilt);
  EXPECT_EQ(partition.stopped, "");
}

}  // namespace
}  // namespace ouzel
