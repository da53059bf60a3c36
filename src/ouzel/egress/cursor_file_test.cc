#include "ouzel/egress/cursor_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace ouzel {
namespace {

class CursorFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() /
            ("ouzel-cursor-" + std::to_string(::getpid()) + "-" +
             ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  Result<std::unique_ptr<CursorFile>> open(std::uint64_t log_id = 7) {
    return CursorFile::open(*fs_, root_.string(), "ops", log_id);
  }
  void write(std::uint64_t position) {
    auto file = open();
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE((*file)->write({LogPosition(position), {Offset(1), kOffsetUnknown}, "here"}));
  }
  void flip(std::streamoff at) {
    std::fstream file(root_ / "ops.cursor", std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(at);
    file.put(byte);
  }

  std::filesystem::path root_;
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
};

TEST_F(CursorFileTest, KeepsTheNewest) {
  auto fresh = open();
  ASSERT_TRUE(fresh);
  EXPECT_FALSE((*fresh)->found());
  for (std::uint64_t position = 1; position <= 5; ++position) {
    write(position);
    auto file = open();
    ASSERT_TRUE(file);
    EXPECT_TRUE((*file)->found());
    EXPECT_EQ((*file)->cursor().position, LogPosition(position));
    EXPECT_EQ((*file)->cursor().next, (std::vector<Offset>{Offset(1), kOffsetUnknown}));
    EXPECT_EQ((*file)->cursor().place, "here");
  }
  EXPECT_EQ(witnessed_by_cursors(*fs_, root_.string(), 7), LogPosition(5));
  EXPECT_EQ(witnessed_by_cursors(*fs_, root_.string(), 8), LogPosition(0));
}

TEST_F(CursorFileTest, ATornSlotLeavesTheOther) {
  write(1);
  write(2);
  flip(4096 + 100);
  auto file = open();
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->cursor().position, LogPosition(1));
  write(3);
  EXPECT_EQ((*open())->cursor().position, LogPosition(3));
}

TEST_F(CursorFileTest, DamageIsNotANewCursor) {
  write(1);
  write(2);
  flip(100);
  flip(4096 + 100);
  const auto file = open();
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::corrupt);
}

TEST_F(CursorFileTest, BelongsToOneLog) {
  write(1);
  const auto file = open(8);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::config);
}

}  // namespace
}  // namespace ouzel
