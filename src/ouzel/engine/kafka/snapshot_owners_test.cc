#include "ouzel/engine/kafka/snapshot_owners.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace ouzel {
namespace {

constexpr std::uint64_t kLogId = 0x77;
constexpr PartitionId kPartition{3};
const Hash128 kState{1, 2}, kOtherState{3, 4};
const std::string kGroup = "press-line";

std::string worker(char digit) { return kGroup + "-" + std::string(16, digit); }

class SnapshotOwnersTest : public testing::Test {
 protected:
  SnapshotOwnersTest()
      : root_(std::filesystem::path(testing::TempDir()) /
              ("owners-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  ~SnapshotOwnersTest() override { std::filesystem::remove_all(root_); }

  struct Written {
    Hash128 state = kState;
    PartitionId partition = kPartition;
    std::uint64_t log_id = kLogId;
  };
  /// A life of this owner: snapshots at these offsets, one after the other.
  void write(const std::string& owner, const std::vector<std::uint64_t>& at, Written as) {
    SnapshotSlots slots(*fs_, {root_ / owner, as.log_id, as.partition});
    std::vector<std::string> notes;
    slots.find(&notes);
    for (const std::uint64_t next : at) {
      SnapshotHeader header{.number = ++number_, .plan = as.state, .state = as.state};
      header.next = Offset(next);
      ASSERT_TRUE(slots.begin(header.number, header.number, KeyTable::kChunkBytesMax));
      ASSERT_TRUE(slots.finish(header, "shared", "identities"));
      ASSERT_TRUE(slots.publish(header));
    }
  }
  void write(const std::string& owner, const std::vector<std::uint64_t>& at) {
    write(owner, at, {});
  }
  /// What is left of an owner, newest first; none: "gone" if the folder is too.
  std::string left(const std::string& owner, PartitionId partition = kPartition) {
    if (!fs_->exists(root_ / owner)) return "gone";
    std::vector<std::string> notes;
    std::string out;
    SnapshotSlots slots(*fs_, {root_ / owner, kLogId, partition});
    for (const auto& header : slots.find(&notes)) out += std::to_string(header.next.value()) + " ";
    return out;
  }
  SnapshotOwners owners(char digit = 'a') { return {*fs_, root_, worker(digit), kLogId}; }
  bool clean(std::uint64_t committed, bool decided = true) {
    const auto done = owners().remove_replaced({.partition = kPartition,
                                                .committed = Offset(committed),
                                                .decided = decided,
                                                .state = kState});
    EXPECT_TRUE(done) << done.error().message;
    return done && *done;
  }

  std::filesystem::path root_;
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
  std::uint64_t number_ = 0;
};

TEST_F(SnapshotOwnersTest, OwnersThatNeverComeBackAreGoneOnceTwoNewerOnesStand) {
  write(worker('b'), {10, 20, 30});
  write(worker('c'), {40});
  write(worker('a'), {50});
  EXPECT_FALSE(clean(50)) << "one alone may be damaged";
  EXPECT_EQ(left(worker('b')), "30 20 10 ");
  EXPECT_EQ(left(worker('c')), "40 ");
  write(worker('a'), {60});
  EXPECT_TRUE(clean(60));
  EXPECT_EQ(left(worker('b')), "gone");
  EXPECT_EQ(left(worker('c')), "gone");
  EXPECT_EQ(left(worker('a')), "60 50 ");
}

TEST_F(SnapshotOwnersTest, ManyLivesLeaveABoundedNumberOfFolders) {
  for (int life = 0; life < 12; ++life) {
    const std::string own =
        kGroup + "-00000000000000" + (life < 10 ? "0" : "") + std::to_string(life);
    const auto at = static_cast<std::uint64_t>(life) * 100;
    write(own, {at + 10, at + 20, at + 30});
    const SnapshotOwners of_this(*fs_, root_, own, kLogId);
    ASSERT_TRUE(of_this.remove_replaced(
        {.partition = kPartition, .committed = Offset(at + 30), .decided = true, .state = kState}));
    EXPECT_EQ(fs_->list(root_)->size(), 1U);
  }
}

TEST_F(SnapshotOwnersTest, WhatIsNewerThanTheOlderOfOursStays) {
  write(worker('b'), {10, 50, 55});
  write(worker('a'), {50, 60});
  EXPECT_TRUE(clean(60));
  EXPECT_EQ(left(worker('b')), "55 ");
}

/// The successor of a worker that does not know yet that it lost the partition.
TEST_F(SnapshotOwnersTest, AnOwnerThatIsBehindRemovesNothingOfItsSuccessor) {
  write(worker('a'), {40, 50});
  write(worker('b'), {60, 70});
  EXPECT_TRUE(clean(70));
  EXPECT_EQ(left(worker('b')), "70 60 ");
}

/// After an offset was set back: ours from before are ahead of the group, and replace nothing.
TEST_F(SnapshotOwnersTest, OnesAheadOfTheGroupDoNotCount) {
  write(worker('b'), {10, 20});
  write(worker('a'), {900, 1000, 30});
  EXPECT_FALSE(clean(30));
  EXPECT_EQ(left(worker('b')), "20 10 ");
  write(worker('a'), {40});
  EXPECT_TRUE(clean(40));
  EXPECT_EQ(left(worker('b')), "gone");
}

/// Somebody may go back to the plan before, as long as this one has decided nothing since.
TEST_F(SnapshotOwnersTest, AnotherStateStaysUntilThisPlanHasDecidedSomething) {
  write(worker('b'), {30, 40}, {.state = kOtherState});
  write(worker('a'), {40, 40});
  EXPECT_TRUE(clean(40, false));
  EXPECT_EQ(left(worker('b')), "40 30 ");
  EXPECT_TRUE(clean(40, true));
  EXPECT_EQ(left(worker('b')), "40 ") << "its plan can still go on from the group's offset";
  write(worker('a'), {60, 70});
  EXPECT_TRUE(clean(70, true));
  EXPECT_EQ(left(worker('b')), "gone");
}

/// Two of ours, but only one of them is of any use to this plan.
TEST_F(SnapshotOwnersTest, OursOfAnotherStateReplaceNothing) {
  write(worker('b'), {20});
  write(worker('a'), {30}, {.state = kOtherState});
  write(worker('a'), {40});
  EXPECT_FALSE(clean(40));
  EXPECT_EQ(left(worker('b')), "20 ");
}

/// A partition in which nothing comes gets snapshots all the same, all at one offset.
TEST_F(SnapshotOwnersTest, AnIdlePartitionIsCleanedToo) {
  write(worker('b'), {0, 0, 0});
  write(worker('a'), {0, 0});
  EXPECT_TRUE(clean(0, false));
  EXPECT_EQ(left(worker('b')), "gone");
}

TEST_F(SnapshotOwnersTest, OtherGroupsPartitionsLogsAndVersionsStay) {
  const std::string longer = kGroup + "-b-" + std::string(16, 'b');
  write(longer, {10});
  write(worker('b'), {10}, {.log_id = kLogId + 1});
  write(worker('c'), {10}, {.partition = PartitionId(4)});
  write(worker('d'), {10});
  const auto damaged = fs_->open(root_ / worker('d') / "lane-3-0.snap", OpenMode::write);
  ASSERT_TRUE((*damaged)->write(8, "?"));
  std::filesystem::create_directories(root_ / "plans");
  write(worker('a'), {20, 30});
  EXPECT_TRUE(clean(30));
  EXPECT_EQ(left(longer), "10 ");
  EXPECT_EQ(left(worker('c'), PartitionId(4)), "10 ");
  for (const char other : {'b', 'd'}) EXPECT_EQ(fs_->list(root_ / worker(other))->size(), 1U);
  EXPECT_TRUE(fs_->exists(root_ / "plans"));
}

/// A worker that died in the middle of one, and one that never wrote any.
TEST_F(SnapshotOwnersTest, UnfinishedOnesAndEmptyFoldersGo) {
  SnapshotSlots slots(*fs_, {root_ / worker('b'), kLogId, kPartition});
  ASSERT_TRUE(slots.begin(1, 1, KeyTable::kChunkBytesMax));
  std::filesystem::create_directories(root_ / worker('c'));
  write(worker('a'), {20, 30});
  EXPECT_TRUE(clean(30));
  EXPECT_EQ(left(worker('b')), "gone");
  EXPECT_EQ(left(worker('c')), "gone");
}

/// The owner of an empty or useless folder may be there after all, with its files open.
TEST_F(SnapshotOwnersTest, WhoseFilesWereRemovedWritesNewOnes) {
  write(worker('b'), {10, 20, 30});
  SnapshotSlots slots(*fs_, {root_ / worker('b'), kLogId, kPartition});
  std::vector<std::string> notes;
  ASSERT_EQ(slots.find(&notes).size(), 3U);
  write(worker('a'), {40, 50});
  EXPECT_TRUE(clean(50));
  EXPECT_EQ(left(worker('b')), "gone");
  for (const std::uint64_t next : {60, 70}) {
    SnapshotHeader header{.number = ++number_, .plan = kState, .state = kState};
    header.next = Offset(next);
    ASSERT_TRUE(slots.begin(header.number, header.number, KeyTable::kChunkBytesMax));
    ASSERT_TRUE(slots.finish(header, "shared", "identities"));
    ASSERT_TRUE(slots.publish(header));
  }
  EXPECT_EQ(left(worker('b')), "70 60 ");
}

/// A reader that has listed a file, and then it goes: it reads it still, or is told.
TEST_F(SnapshotOwnersTest, OneThatIsGoneIsNotListed) {
  write(worker('b'), {10});
  write(worker('a'), {20, 30});
  const auto places = owners('c').others(kPartition);
  ASSERT_TRUE(places);
  ASSERT_EQ(places->size(), 2U);
  EXPECT_TRUE(clean(30));
  std::vector<std::string> notes;
  EXPECT_EQ(SnapshotSlots(*fs_, (*places)[1]).find(&notes).size(), 0U);
  EXPECT_EQ(SnapshotSlots(*fs_, (*places)[0]).find(&notes).size(), 2U);
  EXPECT_TRUE(notes.empty());
}

}  // namespace
}  // namespace ouzel
