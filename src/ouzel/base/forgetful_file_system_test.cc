#include "ouzel/base/forgetful_file_system.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "ouzel/base/random.h"

namespace ouzel {
namespace {

/// A directory on disk, and forgetful file systems over it: destroying one is the power cut.
class ForgetfulTest : public ::testing::Test {
 protected:
  ForgetfulTest() {
    std::string pattern = ::testing::TempDir() + "/forgetful-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~ForgetfulTest() override { std::filesystem::remove_all(directory_); }

  std::string at(const std::string& name) const { return directory_ + "/" + name; }
  static std::unique_ptr<FileSystem> forgetful(const std::string& options = ":calm") {
    return make_forgetful_file_system(make_posix_file_system(), "forget:7:sync_us=0" + options);
  }
  std::string on_disk(const std::string& name) {
    const auto content = read_file(*disk_, at(name));
    return content ? *content : "<" + content.error().message + ">";
  }
  bool is_on_disk(const std::string& name) { return disk_->exists(at(name)); }
  static void put(FileSystem& fs, const std::string& path, const std::string& text) {
    const auto file = fs.open(path, OpenMode::create);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE((*file)->write(0, text));
  }

  std::string directory_;
  std::unique_ptr<FileSystem> disk_ = make_posix_file_system();
};

TEST_F(ForgetfulTest, RefusesOtherSpecs) {
  for (const char* spec : {"", "forget", "forget:", "forget:x", "remember:1", "forget:1:odd",
                           "forget:1:fail_sync=", "forget:1:sync_us=z"}) {
    EXPECT_EQ(make_forgetful_file_system(make_posix_file_system(), spec), nullptr) << spec;
  }
  for (const char* spec : {"forget:1", "forget:1:calm:fail_sync=3:sync_us=9:slow=.seg"}) {
    EXPECT_NE(make_forgetful_file_system(make_posix_file_system(), spec), nullptr) << spec;
  }
}

TEST_F(ForgetfulTest, BytesNeedASync) {
  put(*disk_, at("a"), "old");
  auto fs = forgetful();
  {
    const auto file = fs->open(at("a"), OpenMode::write);
    ASSERT_TRUE((*file)->write(0, "new, longer"));
    EXPECT_EQ(*read_file(*fs, at("a")), "new, longer");
    EXPECT_EQ(on_disk("a"), "old");
    ASSERT_TRUE((*file)->sync());
    EXPECT_EQ(on_disk("a"), "new, longer");
    ASSERT_TRUE((*file)->write(0, "NEW"));
  }
  fs.reset();
  EXPECT_EQ(on_disk("a"), "new, longer");
}

TEST_F(ForgetfulTest, ANameNeedsItsDirectorySynced) {
  const auto fs = forgetful();
  const auto file = fs->open(at("a"), OpenMode::create);
  ASSERT_TRUE((*file)->write(0, "synced"));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE((*file)->write(0, "LATER!"));
  EXPECT_TRUE(fs->exists(at("a")));
  EXPECT_FALSE(is_on_disk("a"));
  ASSERT_TRUE(fs->sync_directory(directory_));
  EXPECT_EQ(on_disk("a"), "synced");
  EXPECT_EQ(*read_file(*fs, at("a")), "LATER!");
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ(on_disk("a"), "LATER!");
}

TEST_F(ForgetfulTest, RenameAndRemoveWaitToo) {
  put(*disk_, at("a"), "a");
  put(*disk_, at("b"), "b");
  put(*disk_, at("c"), "c");
  const auto fs = forgetful();
  ASSERT_TRUE(fs->rename(at("a"), at("b")));
  ASSERT_TRUE(fs->remove(at("c")));
  EXPECT_EQ(*fs->list(directory_), (std::vector<std::string>{"b"}));
  EXPECT_EQ(*read_file(*fs, at("b")), "a");
  EXPECT_EQ(*disk_->list(directory_), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(on_disk("b"), "b");
  ASSERT_TRUE(fs->sync_directory(directory_));
  EXPECT_EQ(*disk_->list(directory_), (std::vector<std::string>{"b"}));
  EXPECT_EQ(on_disk("b"), "a");
  EXPECT_FALSE(fs->open(at("a"), OpenMode::read));
  EXPECT_FALSE(fs->rename(at("a"), at("b")));
}

TEST_F(ForgetfulTest, ANameUsedAgainLosesNoFile) {
  put(*disk_, at("a"), "first");
  const auto fs = forgetful();
  ASSERT_TRUE(fs->rename(at("a"), at("b")));
  put(*fs, at("a"), "second");
  ASSERT_TRUE(fs->sync_directory(directory_));
  EXPECT_EQ(on_disk("b"), "first");
  EXPECT_EQ(on_disk("a"), "");  // Its bytes were not synced.
  EXPECT_EQ(*read_file(*fs, at("a")), "second");
}

TEST_F(ForgetfulTest, ReplaceFileIsAllOrNothing) {
  auto fs = forgetful();
  ASSERT_TRUE(replace_file(*fs, directory_, "x", "one"));
  EXPECT_EQ(on_disk("x"), "one");
  put(*fs, at("x.new"), "two");
  ASSERT_TRUE(fs->rename(at("x.new"), at("x")));
  EXPECT_EQ(*read_file(*fs, at("x")), "two");
  fs.reset();
  EXPECT_EQ(on_disk("x"), "one");
}

TEST_F(ForgetfulTest, DirectoriesWaitForTheirParent) {
  const auto fs = forgetful();
  ASSERT_TRUE(fs->make_directory(at("d")));
  ASSERT_TRUE(fs->make_directory(at("d/e")));
  EXPECT_FALSE(fs->make_directory(at("no/such")));
  const auto file = fs->open(at("d/e/f"), OpenMode::create);
  ASSERT_TRUE((*file)->write(0, "deep"));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE(fs->sync_directory(at("d/e")));
  ASSERT_TRUE(fs->sync_directory(at("d")));
  EXPECT_EQ(*fs->list(at("d")), (std::vector<std::string>{"e"}));
  EXPECT_FALSE(is_on_disk("d"));
  ASSERT_TRUE(fs->sync_directory(directory_));
  EXPECT_EQ(on_disk("d/e/f"), "deep");
  EXPECT_EQ(*disk_->list(directory_), (std::vector<std::string>{"d"}));
  ASSERT_TRUE((*file)->write(0, "DEEP"));
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ(on_disk("d/e/f"), "DEEP");
}

TEST_F(ForgetfulTest, ALockIsReal) {
  const auto fs = forgetful();
  const auto held = fs->lock(at("LOCK"));
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_FALSE(disk_->lock(at("LOCK")));
  ASSERT_TRUE(fs->make_directory(at("d")));
  EXPECT_TRUE(fs->lock(at("d/LOCK")));
  EXPECT_FALSE(is_on_disk("d"));
}

TEST_F(ForgetfulTest, TruncateWaitsForASync) {
  put(*disk_, at("a"), std::string(2000, 'x'));
  const auto fs = forgetful();
  const auto file = fs->open(at("a"), OpenMode::write);
  ASSERT_TRUE((*file)->truncate(700));
  ASSERT_TRUE((*file)->truncate(1500));
  const std::string seen = std::string(700, 'x') + std::string(800, '\0');
  EXPECT_EQ(*read_file(*fs, at("a")), seen);
  EXPECT_EQ(on_disk("a"), std::string(2000, 'x'));
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ(on_disk("a"), seen);
}

TEST_F(ForgetfulTest, ALargeZeroFillIsQuick) {
  const auto fs = forgetful();
  const auto file = fs->open(at("a"), OpenMode::create);
  const std::string zeros(1 << 20, '\0');
  for (std::uint64_t at = 0; at < 64; ++at) ASSERT_TRUE((*file)->write(at << 20, zeros));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE(fs->sync_directory(directory_));
  EXPECT_EQ(std::filesystem::file_size(at("a")), 64U << 20);
  ASSERT_TRUE((*file)->write(4096, "page"));
  ASSERT_TRUE((*file)->write(4096, std::string(4, '\0')));
  char out[5] = "????";
  ASSERT_TRUE((*file)->read(4096, out, 4));
  EXPECT_EQ(std::string(out, 4), std::string(4, '\0'));
}

TEST_F(ForgetfulTest, AFailedSyncDropsBytesThatStillLookWritten) {
  put(*disk_, at("a"), std::string(1024, 'o'));
  const auto fs = forgetful(":calm:fail_sync=2");
  const auto file = fs->open(at("a"), OpenMode::write);
  ASSERT_TRUE((*file)->write(0, "1"));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE((*file)->write(600, "2"));
  const auto failed = (*file)->sync();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
  EXPECT_EQ((*read_file(*fs, at("a")))[600], '2');
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ(on_disk("a")[0], '1');
  EXPECT_EQ(on_disk("a")[600], 'o');
  EXPECT_EQ((*read_file(*fs, at("a")))[600], '2');
}

TEST_F(ForgetfulTest, ThreadsMayWriteAtOnce) {
  const auto fs = forgetful("");
  const auto file = fs->open(at("a"), OpenMode::create);
  std::vector<std::thread> threads;
  for (int own = 0; own < 4; ++own) {
    threads.emplace_back([&, own] {
      const std::string text(1000, static_cast<char>('a' + own));
      for (std::uint64_t round = 0; round < 50; ++round) {
        (void)(*file)->write((round * 4 + static_cast<std::uint64_t>(own)) * 1000, text);
        if (round % 10 == 0) (void)(*file)->sync();
        (void)fs->sync_directory(directory_);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE((*file)->sync());
  const std::string content = on_disk("a");
  ASSERT_EQ(content.size(), 200'000U);
  for (std::size_t at = 0; at < content.size(); ++at) {
    ASSERT_EQ(content[at], static_cast<char>('a' + at / 1000 % 4)) << at;
  }
}

/// Random writes, truncates and syncs of one file. Reads always show a plain string of the same;
/// after the cut each sector is as it was at the last sync, or as it was seen since.
void random_file(FileSystem& fs, Random& random, const std::string& path, std::string& seen,
                 std::vector<std::set<std::string>>& allowed) {
  const auto file = *fs.open(path, OpenMode::write);
  const auto sector = [&](std::size_t index) {
    std::string out = index * 512 < seen.size() ? seen.substr(index * 512, 512) : "";
    out.resize(512);
    return out;
  };
  for (std::uint64_t left = random.below(60); left > 0; --left) {
    const std::size_t at = random.below(8000);
    if (random.chance(0.1)) {
      ASSERT_TRUE(file->truncate(at));
      seen.resize(at);
    } else {
      const bool zero = random.chance(0.3);
      std::string text(1 + random.below(2000), '\0');
      for (char& c : text) c = zero ? '\0' : static_cast<char>(random.below(250));
      ASSERT_TRUE(file->write(at, text));
      if (seen.size() < at + text.size()) seen.resize(at + text.size());
      seen.replace(at, text.size(), text);
    }
    const bool synced = random.chance(0.15);
    if (synced) {
      ASSERT_TRUE(file->sync());
    }
    for (std::size_t index = 0; index < allowed.size(); ++index) {
      if (synced) allowed[index].clear();
      allowed[index].insert(sector(index));
    }
    ASSERT_EQ(*read_file(fs, path), seen);
    ASSERT_EQ(*file->size(), seen.size());
  }
}

TEST_F(ForgetfulTest, ACutLeavesEachSectorOldOrNew) {
  int torn = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    put(*disk_, at("a"), std::string(3000, 'o'));
    ASSERT_TRUE((*disk_->open(at("a"), OpenMode::write))->truncate(3000));
    std::string seen(3000, 'o');
    std::vector<std::set<std::string>> allowed(20);
    for (std::size_t index = 0; index < allowed.size(); ++index) {
      std::string sector = index * 512 < seen.size() ? seen.substr(index * 512, 512) : "";
      sector.resize(512);
      allowed[index].insert(sector);
    }
    auto fs = make_forgetful_file_system(make_posix_file_system(),
                                         "forget:" + std::to_string(seed) + ":sync_us=0");
    random_file(*fs, random, at("a"), seen, allowed);
    if (HasFatalFailure()) FAIL() << "seed " << seed;
    fs.reset();
    std::string left = on_disk("a");
    torn += left == seen ? 0 : 1;
    left.resize(20 * 512);
    for (std::size_t index = 0; index < allowed.size(); ++index) {
      // A size that arrived without its bytes cuts a sector short: zeros from there on.
      const std::string got = left.substr(index * 512, 512);
      const std::size_t end = got.find_last_not_of('\0') + 1;
      bool good = false;
      for (const std::string& may : allowed[index]) {
        good = good || may.compare(0, end, got, 0, end) == 0;
      }
      ASSERT_TRUE(good) << "seed " << seed << " sector " << index;
    }
  }
  EXPECT_GT(torn, 100);
}

/// Files made, renamed over each other and removed at random: what is seen is a plain map; after
/// a cut each name on disk holds one whole synced file.
TEST_F(ForgetfulTest, ACutLeavesWholeFilesUnderSomeOfTheirNames) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    const std::string place = at("s" + std::to_string(seed));
    ASSERT_TRUE(disk_->make_directory(place));
    auto fs = make_forgetful_file_system(make_posix_file_system(),
                                         "forget:" + std::to_string(seed) + ":sync_us=0");
    std::map<std::string, std::string> seen, synced;
    std::set<std::string> contents;
    for (int step = 0; step < 60; ++step) {
      const std::string name = "n" + std::to_string(random.below(5));
      const std::string other = "n" + std::to_string(random.below(5));
      const std::uint64_t act = random.below(5);
      if (act <= 1 && !seen.contains(name)) {
        const std::string text = "content " + std::to_string(step);
        const auto file = *fs->open(place + "/" + name, OpenMode::create);
        ASSERT_TRUE(file->write(0, text));
        ASSERT_TRUE(file->sync());
        seen[name] = text;
        contents.insert(text);
      } else if (act == 2 && seen.contains(name)) {
        ASSERT_TRUE(fs->rename(place + "/" + name, place + "/" + other));
        const std::string text = seen[name];
        seen.erase(name);
        seen[other] = text;
      } else if (act == 3) {
        ASSERT_TRUE(fs->remove(place + "/" + name));
        seen.erase(name);
      } else if (act == 4 && random.chance(0.3)) {
        ASSERT_TRUE(fs->sync_directory(place));
        std::map<std::string, std::string> left;
        const auto names = *disk_->list(place);
        for (const auto& one : names) left[one] = *read_file(*disk_, place + "/" + one);
        ASSERT_EQ(left, seen) << "seed " << seed << " step " << step;
      }
      std::vector<std::string> names;
      for (const auto& [key, text] : seen) names.push_back(key);
      ASSERT_EQ(*fs->list(place), names);
      for (const auto& one : names) ASSERT_EQ(*read_file(*fs, place + "/" + one), seen[one]);
    }
    fs.reset();
    const auto left = *disk_->list(place);
    for (const auto& one : left) {
      EXPECT_TRUE(contents.contains(*read_file(*disk_, place + "/" + one))) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace ouzel
