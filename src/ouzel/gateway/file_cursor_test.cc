#include "ouzel/gateway/file_cursor.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "ouzel/base/bytes.h"
#include "ouzel/base/hash.h"

namespace ouzel {
namespace {

class FileCursorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() /
            ("ouzel-file-cursor-" + std::to_string(::getpid()) + "-" +
             ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::filesystem::path root_;
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
};

TEST_F(FileCursorTest, ComesBack) {
  FileCursor cursor{.number = 3, .identity = "1:2:3", .name = "day.csv", .finished = true};
  cursor.place = {.position = 1000,
                  .line = 9,
                  .spec = {.format = TextFormat::csv, .delimiter = ';', .columns = {"k", "n"}}};
  cursor.set_before("x;1\n");
  ASSERT_TRUE(write_cursor(*fs_, root_.string(), cursor));
  const auto read = read_cursor(*fs_, root_.string());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->number, 3U);
  EXPECT_EQ(read->name, "day.csv");
  EXPECT_TRUE(read->finished);
  EXPECT_EQ(read->place.position, 1000U);
  EXPECT_EQ(read->place.spec.columns, cursor.place.spec.columns);
  EXPECT_TRUE(read->fits("x;1\n"));
  EXPECT_TRUE(read->fits("more before it\nx;1\n"));
  EXPECT_FALSE(read->fits("x;2\n"));
  EXPECT_FALSE(read->fits(";1\n"));
}

TEST_F(FileCursorTest, VersionOneKnewNothingOfTheTextBefore) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.put(std::uint8_t{1});
  writer.put_varint(2);
  writer.put_string("1:2:3");
  writer.put_string("day.csv");
  writer.put(std::uint8_t{0});
  writer.put_varint(70);
  writer.put_varint(4);
  writer.put(std::uint8_t{2});
  writer.put(std::uint8_t{','});
  writer.put_varint(1);
  writer.put_string("k");
  writer.put(crc32c(bytes));
  std::ofstream(root_ / "file.cursor", std::ios::binary) << bytes;
  const auto read = read_cursor(*fs_, root_.string());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->number, 2U);
  EXPECT_EQ(read->place.position, 70U);
  EXPECT_EQ(read->place.spec.columns, std::vector<std::string>{"k"});
  EXPECT_TRUE(read->fits("whatever stands there"));
  EXPECT_TRUE(read->fits(""));
}

}  // namespace
}  // namespace ouzel
