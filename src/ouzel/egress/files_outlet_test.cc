#include "ouzel/egress/files_outlet.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "ouzel/egress/gzip_member.h"

namespace ouzel {
namespace {

constexpr std::chrono::seconds kLimit{1};
using Names = std::vector<std::string>;

class FilesOutletTest : public testing::Test {
 protected:
  FilesOutletTest()
      : root_(std::filesystem::path(testing::TempDir()) / ("files-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  ~FilesOutletTest() override { std::filesystem::remove_all(root_); }

  std::unique_ptr<FilesOutlet> open(const std::string& place, FilesSpec spec = {.bytes_max = 100}) {
    auto out =
        FilesOutlet::open(*fs_, report_, {.spec = spec, .directory = out_, .sink = "ops"}, place);
    EXPECT_TRUE(out) << out.error().message;
    return std::move(*out);
  }
  static Message message(std::string text, std::chrono::hours accepted = {}) {
    return {.accepted = WallTime(accepted), .events = 1, .lines = std::move(text) + "\n"};
  }
  static void write(FilesOutlet& outlet, std::vector<Message> window) {
    outlet.take(std::move(window));
    const auto done = outlet.step(kLimit);
    ASSERT_TRUE(done && *done);
  }
  std::string content(const std::string& name) const {
    return read_file(*fs_, out_ + "/" + name).value_or("absent");
  }
  void append(const std::string& name, std::string_view bytes) {
    const auto file = fs_->open(out_ + "/" + name, OpenMode::write);
    ASSERT_TRUE((*file)->write(*(*file)->size(), bytes));
  }

  std::filesystem::path root_;
  std::string out_ = root_ / "out";
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
  SinkReport report_;
};

TEST_F(FilesOutletTest, AFileGrowsToItsSizeThenTheNextBegins) {
  const auto outlet = open("");
  EXPECT_EQ(*fs_->list(out_), Names{}) << "there is no file before there is a line";
  write(*outlet, {message(std::string(60, 'a')), message(std::string(60, 'b'))});
  write(*outlet, {message("c")});
  EXPECT_EQ(*fs_->list(out_), (Names{"ops-000001.ndjson", "ops-000002.ndjson"}));
  EXPECT_EQ(content("ops-000001.ndjson"),
            std::string(60, 'a') + "\n" + std::string(60, 'b') + "\n");
  EXPECT_EQ(content("ops-000002.ndjson"), "c\n");
  EXPECT_EQ(outlet->place(), "2 2 ops-000002.ndjson");
  EXPECT_EQ(report_.delivered, 3U);
}

TEST_F(FilesOutletTest, WhatACrashLeftBehindThePlaceIsCut) {
  std::string place;
  {
    const auto outlet = open("");
    write(*outlet, {message("first")});
    place = outlet->place();
    write(*outlet, {message("second")});
    append("ops-000001.ndjson", "half a l");
  }
  // The cursor was written behind the first window only.
  const auto outlet = open(place);
  EXPECT_EQ(content("ops-000001.ndjson"), "first\n");
  write(*outlet, {message("second")});
  EXPECT_EQ(content("ops-000001.ndjson"), "first\nsecond\n");
}

/// A crash after the next file began, before the cursor knew of it: its lines come again there.
TEST_F(FilesOutletTest, AFileThatTheCursorDoesNotKnowIsWrittenAnew) {
  std::string place;
  {
    const auto outlet = open("");
    write(*outlet, {message(std::string(120, 'a'))});
    place = outlet->place();
    write(*outlet, {message("lost with the crash")});
  }
  const auto outlet = open(place);
  write(*outlet, {message("again")});
  EXPECT_EQ(content("ops-000002.ndjson"), "again\n");
}

/// A new data directory, or a new worker, and files that an earlier one wrote.
TEST_F(FilesOutletTest, WithoutAPlaceItGoesOnBehindTheNewestFile) {
  ASSERT_TRUE(fs_->make_directory(out_));
  for (const char* name : {"ops-000003.ndjson", "ops-2026-03-01-000007.ndjson.gz",
                           "ops-west-000009.ndjson", "ops-2026-03-0x-000010.ndjson",
                           "ops-000011.ndjson.old", "ops-.ndjson", "op-000012.ndjson"}) {
    ASSERT_TRUE((*fs_->open(out_ + "/" + name, OpenMode::create))->write(0, "old"));
  }
  std::string place;
  {
    const auto outlet = open("");
    place = outlet->place();
    write(*outlet, {message("lost with the crash, before a place was kept")});
  }
  const auto outlet = open(place);
  write(*outlet, {message("again")});
  EXPECT_EQ(content("ops-000008.ndjson"), "again\n");
  EXPECT_EQ(content("ops-000009.ndjson"), "absent");
  EXPECT_EQ(content("ops-000003.ndjson"), "old");
  EXPECT_EQ(content("ops-2026-03-01-000007.ndjson.gz"), "old");
}

/// The first place is kept before the first window, so what a crash left of that is known.
TEST_F(FilesOutletTest, AnEmptyDirectoryIsAPlaceToo) {
  const std::string place = open("")->place();
  EXPECT_NE(place, "");
  write(*open(place), {message("lost with the crash")});
  write(*open(place), {message("again")});
  EXPECT_EQ(*fs_->list(out_), Names{"ops-000001.ndjson"});
  EXPECT_EQ(content("ops-000001.ndjson"), "again\n");
}

TEST_F(FilesOutletTest, AFileThatOthersTookOrCutIsFinished) {
  for (const bool removed : {true, false}) {
    std::filesystem::remove_all(out_);
    const auto first = open("");
    write(*first, {message("first")});
    if (removed) {
      ASSERT_TRUE(fs_->remove(out_ + "/ops-000001.ndjson"));
    } else {
      ASSERT_TRUE((*fs_->open(out_ + "/ops-000001.ndjson", OpenMode::write))->truncate(2));
    }
    const auto outlet = open(first->place());
    write(*outlet, {message("next")});
    EXPECT_EQ(content("ops-000001.ndjson"), removed ? "absent" : "fi");
    EXPECT_EQ(content("ops-000002.ndjson"), "next\n");
  }
}

TEST_F(FilesOutletTest, ADayOfAcceptanceIsAFile) {
  const auto outlet = open("", {.split = FileSplit::day, .bytes_max = 8});
  const std::chrono::hours day{24};
  write(*outlet, {message("one", std::chrono::hours(23)), message("two", day)});
  write(*outlet, {message("three", day), message("four", day), message("five", 2 * day)});
  EXPECT_EQ(*fs_->list(out_), (Names{"ops-1970-01-01-000001.ndjson", "ops-1970-01-02-000002.ndjson",
                                     "ops-1970-01-03-000003.ndjson"}));
  EXPECT_EQ(content("ops-1970-01-02-000002.ndjson"), "two\nthree\nfour\n");
}

TEST_F(FilesOutletTest, EachWriteIsAGzipMember) {
  const auto outlet = open("", {.gzip = true, .bytes_max = 1000});
  write(*outlet, {message("one"), message("two")});
  write(*outlet, {message("three")});
  EXPECT_EQ(content("ops-000001.ndjson.gz"), gzip_member("one\ntwo\n") + gzip_member("three\n"));
  // Another form is another file, in the middle of things.
  const auto plain = open(outlet->place());
  write(*plain, {message("four")});
  EXPECT_EQ(content("ops-000002.ndjson"), "four\n");
}

TEST_F(FilesOutletTest, WhatFailedIsWrittenAgainAtTheSamePlace) {
  const auto outlet = open("");
  write(*outlet, {message(std::string(120, 'a'))});
  const std::string place = outlet->place();
  // The next file cannot be made: its name is a directory's.
  ASSERT_TRUE(fs_->make_directory(out_ + "/ops-000002.ndjson"));
  outlet->take({message("next")});
  EXPECT_FALSE(outlet->step(kLimit));
  EXPECT_EQ(outlet->place(), place);
  EXPECT_EQ(report_.delivered, 1U);
  std::filesystem::remove(out_ + "/ops-000002.ndjson");
  const auto done = outlet->step(kLimit);
  ASSERT_TRUE(done && *done);
  EXPECT_EQ(content("ops-000002.ndjson"), "next\n");
  EXPECT_EQ(report_.delivered, 2U);
}

TEST_F(FilesOutletTest, APlaceThatIsNoneIsRefused) {
  for (const char* place : {"x", "1", "1 2", "1 x name"}) {
    const auto out = FilesOutlet::open(
        *fs_, report_, {.spec = {.bytes_max = 9}, .directory = out_, .sink = "ops"}, place);
    ASSERT_FALSE(out) << place;
    EXPECT_EQ(out.error().code, ErrorCode::corrupt);
  }
}

}  // namespace
}  // namespace ouzel
