#include "ouzel/lane/snapshot_slots.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "ouzel/log/frame.h"

namespace ouzel {
namespace {

constexpr std::uint64_t kLogId = 0x1234;
constexpr std::size_t kVersionAt = 8, kStateAt = 264, kCrcAt = kPageBytes - 4;

class SnapshotSlotsTest : public testing::Test {
 protected:
  SnapshotSlotsTest()
      : root_(std::filesystem::path(testing::TempDir()) / ("slots-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  ~SnapshotSlotsTest() override { std::filesystem::remove_all(root_); }

  SnapshotSlots slots(std::uint64_t log_id = kLogId, std::uint16_t partition = 3) {
    return {*fs_, {root_.string(), log_id, PartitionId(partition)}};
  }
  /// Three snapshots, numbers 1 to 3, of no keys.
  void write_three() {
    SnapshotSlots all = slots();
    for (std::uint64_t number = 1; number <= 3; ++number) {
      SnapshotHeader header{.number = number, .plan = {1, 2}, .state = {3, 4}};
      header.next = Offset(100 * number);
      header.resume = LogPosition(7);
      header.durable = LogPosition(9);
      header.totals.scored = 42;
      header.totals.review_overflow = 5;
      ASSERT_TRUE(all.begin(number, number, KeyTable::kChunkBytesMax));
      ASSERT_TRUE(all.finish(header, "shared", "identities"));
      ASSERT_TRUE(all.publish(header));
    }
  }
  std::string path_of(std::size_t slot) const {
    return root_ / ("lane-3-" + std::to_string(slot) + ".snap");
  }
  /// Changes the header page of a slot; its checksum is made right again.
  template <class Change>
  void change_header(std::size_t slot, Change change) {
    const auto file = fs_->open(path_of(slot), OpenMode::write);
    ASSERT_TRUE(file);
    std::string page(kPageBytes, '\0');
    ASSERT_EQ(*(*file)->read(0, page.data(), page.size()), page.size());
    change(page);
    const std::uint32_t crc = crc32c(std::string_view(page).substr(0, kCrcAt));
    std::memcpy(page.data() + kCrcAt, &crc, sizeof(crc));
    ASSERT_TRUE((*file)->write(0, page));
  }
  static void set_version(std::string& page, std::uint32_t version) {
    std::memcpy(page.data() + kVersionAt, &version, sizeof(version));
  }
  std::vector<std::uint64_t> numbers(std::vector<std::string>* notes) {
    std::vector<std::uint64_t> out;
    for (const SnapshotHeader& header : slots().find(notes)) out.push_back(header.number);
    return out;
  }

  std::filesystem::path root_;
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
};

TEST_F(SnapshotSlotsTest, FindsWhatWasPublishedNewestFirst) {
  write_three();
  std::vector<std::string> notes;
  const auto found = slots().find(&notes);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_TRUE(notes.empty());
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(found[i].number, 3 - i);
    EXPECT_EQ(found[i].next, Offset(100 * (3 - i)));
    EXPECT_EQ(found[i].plan, (Hash128{1, 2}));
    EXPECT_EQ(found[i].state, (Hash128{3, 4}));
    EXPECT_EQ(found[i].totals.scored, 42U);
    EXPECT_EQ(found[i].totals.review_overflow, 5U);
  }
}

/// docs/format/snapshot.md: version 1 ends before the state hash, and counts for its own plan.
TEST_F(SnapshotSlotsTest, AHeaderOfVersion1HasNoStateHash) {
  write_three();
  change_header(0, [](std::string& page) {
    set_version(page, 1);
    // What stands there in such a file is no hash, whatever it is.
    page.replace(kStateAt, 16, 16, 'x');
  });
  std::vector<std::string> notes;
  const auto found = slots().find(&notes);
  EXPECT_TRUE(notes.empty());
  ASSERT_EQ(found.size(), 3U);
  const SnapshotHeader& old = found[2];
  EXPECT_EQ(old.number, 1U);
  EXPECT_EQ(old.state, Hash128{});
  EXPECT_EQ(old.plan, (Hash128{1, 2}));
  EXPECT_EQ(old.next, Offset(100));
  EXPECT_EQ(old.resume, LogPosition(7));
  EXPECT_EQ(old.durable, LogPosition(9));
  EXPECT_EQ(old.totals.scored, 42U);
  EXPECT_EQ(old.totals.review_overflow, 5U);
  EXPECT_EQ(old.shared_bytes, 6U);
  EXPECT_EQ(old.duplicates_bytes, 10U);
}

TEST_F(SnapshotSlotsTest, AnUnknownVersionIsPassedOverAndSaid) {
  write_three();
  change_header(1, [](std::string& page) { set_version(page, 3); });
  change_header(2, [](std::string& page) { set_version(page, 0); });
  std::vector<std::string> notes;
  EXPECT_EQ(numbers(&notes), std::vector<std::uint64_t>{1});
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_NE(notes[0].find("snapshot of version 3, this program reads 1 and 2"), notes[0].npos);
  EXPECT_NE(notes[1].find("snapshot of version 0"), notes[1].npos);
}

TEST_F(SnapshotSlotsTest, ATornHeaderDoesNotCount) {
  write_three();
  const auto file = fs_->open(path_of(2), OpenMode::write);
  ASSERT_TRUE((*file)->write(50, "torn"));
  const auto short_file = fs_->open(path_of(1), OpenMode::write);
  ASSERT_TRUE((*short_file)->truncate(kPageBytes - 1));
  std::vector<std::string> notes;
  EXPECT_EQ(numbers(&notes), std::vector<std::uint64_t>{1});
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_NE(notes[1].find("checksum differs"), notes[1].npos);
  EXPECT_TRUE(slots(kLogId + 1).find(&notes).empty()) << "it is of another log";
}

/// A crash between `begin` and `publish`: the slot is empty, the other two are whole.
TEST_F(SnapshotSlotsTest, ASlotThatIsBeingWrittenDoesNotCount) {
  write_three();
  SnapshotSlots all = slots();
  std::vector<std::string> notes;
  EXPECT_EQ(all.find(&notes).size(), 3U);
  ASSERT_TRUE(all.begin(4, 4, KeyTable::kChunkBytesMax));
  EXPECT_EQ(numbers(&notes), (std::vector<std::uint64_t>{3, 2}));
  EXPECT_TRUE(notes.empty());
}

}  // namespace
}  // namespace ouzel
