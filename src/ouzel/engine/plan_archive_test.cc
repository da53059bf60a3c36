#include "ouzel/engine/plan_archive.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "ouzel/base/forgetful_file_system.h"

namespace ouzel {
namespace {

class PlanArchiveTest : public testing::Test {
 protected:
  PlanArchiveTest()
      : root_(std::filesystem::path(testing::TempDir()) / ("plans-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(data_dir());
  }
  ~PlanArchiveTest() override { std::filesystem::remove_all(root_); }

  std::string data_dir() const { return root_ / "data"; }
  std::string beside(const std::string& name) const { return root_ / name; }

  void put(const std::string& path, std::string_view content) {
    const auto file = fs_->open(path, OpenMode::create);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->truncate(0));
    ASSERT_TRUE((*file)->write(0, content));
  }
  /// A plan that names one table of this content.
  Plan plan(const std::string& name, const std::string& table) {
    put(beside("table.csv"), table);
    Plan out;
    out.files = {{.key = "enrich.0.table", .path = beside("table.csv"), .hash = hash128(table)}};
    out.text = "name: " + name + "\n" + file_line(out.files[0]) + "# decide 24 0\n";
    out.hash = hash128(out.text);
    return out;
  }
  std::string table_of(const Hash128& plan) {
    const auto text = read_by_hash(*fs_, archive_.plan_path(plan), plan);
    if (!text) return text.error().message;
    const auto named = named_files(*text);
    if (named.size() != 1 || named[0].key != "enrich.0.table") return "names other files";
    const auto content = read_by_hash(*fs_, archive_.file_path(named[0].hash), named[0].hash);
    return content ? *content : content.error().message;
  }
  std::size_t kept_files() { return fs_->list(archive_.files_path())->size(); }

  std::filesystem::path root_;
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
  PlanArchive archive_{*fs_, data_dir()};
};

TEST_F(PlanArchiveTest, APlanLeadsToItsTableWhateverBecameOfTheFile) {
  const Plan old = plan("press", "id,site\n1,north\n");
  ASSERT_TRUE(archive_.keep(old));
  const Plan young = plan("press", "id,site\n1,south\n");
  ASSERT_TRUE(archive_.keep(young));
  std::filesystem::remove(beside("table.csv"));
  EXPECT_EQ(table_of(old.hash), "id,site\n1,north\n");
  EXPECT_EQ(table_of(young.hash), "id,site\n1,south\n");
  EXPECT_TRUE(archive_.keep(old)) << "what is whole is not read again";
  EXPECT_EQ(*archive_.plans(), (std::set<Hash128>{old.hash, young.hash}));
}

TEST_F(PlanArchiveTest, DamagedContentIsNotUsedAndIsWrittenAgain) {
  const Plan one = plan("press", "id,site\n1,north\n");
  for (const std::string& path :
       {archive_.file_path(one.files[0].hash), archive_.plan_path(one.hash)}) {
    ASSERT_TRUE(archive_.keep(one));
    for (const char* wrong : {"", "id,sit", "id,site\n1,soutH\n"}) {
      put(path, wrong);
      EXPECT_NE(table_of(one.hash).find("is damaged"), std::string::npos) << path;
      ASSERT_TRUE(archive_.keep(one));
      EXPECT_EQ(table_of(one.hash), "id,site\n1,north\n");
    }
  }
}

TEST_F(PlanArchiveTest, AFileThatChangedSinceIsNotKeptUnderTheOldName) {
  const Plan one = plan("press", "id,site\n1,north\n");
  put(beside("table.csv"), "id,site\n1,south\n");
  const auto kept = archive_.keep(one);
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, ErrorCode::config);
  EXPECT_NE(kept.error().message.find("changed while it was read"), std::string::npos);
  EXPECT_TRUE(archive_.plans()->empty());
}

TEST_F(PlanArchiveTest, WhatNoNeededPlanNamesIsRemoved) {
  const Plan a = plan("a", "one"), b = plan("b", "one"), c = plan("c", "two");
  for (const auto& [some, table] : {std::pair{a, "one"}, {b, "one"}, {c, "two"}}) {
    put(beside("table.csv"), table);
    ASSERT_TRUE(archive_.keep(some));
  }
  put(archive_.files_path() + "/" + to_string(hash128("x")) + ".new", "half");
  put(archive_.plans_path() + "/notes.txt", "of a person");
  ASSERT_TRUE(archive_.remove_others({b.hash, c.hash}));
  EXPECT_EQ(*archive_.plans(), (std::set<Hash128>{b.hash, c.hash}));
  EXPECT_EQ(kept_files(), 2U) << "both tables, and no draft";
  EXPECT_TRUE(fs_->exists(archive_.plans_path() + "/notes.txt"));
  ASSERT_TRUE(archive_.remove_others({c.hash}));
  EXPECT_EQ(kept_files(), 1U);
  EXPECT_EQ(table_of(c.hash), "two");
}

TEST_F(PlanArchiveTest, WithAPlanThatCannotBeReadAllFilesStay) {
  const Plan a = plan("a", "one");
  ASSERT_TRUE(archive_.keep(a));
  const Plan b = plan("b", "two");
  ASSERT_TRUE(archive_.keep(b));
  put(archive_.plan_path(a.hash), "name: a");
  ASSERT_TRUE(archive_.remove_others({a.hash, b.hash}));
  EXPECT_EQ(kept_files(), 2U);
  EXPECT_EQ(archive_.plans()->size(), 2U);
}

TEST_F(PlanArchiveTest, WhatWasKeptOutlivesAPowerCut) {
  const Plan one = plan("press", "id,site\n1,north\n");
  auto forgetful = make_forgetful_file_system(make_posix_file_system(), "forget:7:sync_us=0");
  ASSERT_TRUE(PlanArchive(*forgetful, data_dir()).keep(one));
  forgetful.reset();  // What was not synced is gone.
  EXPECT_EQ(table_of(one.hash), "id,site\n1,north\n");
}

TEST(NamedFiles, AreTheLinesThatNameAHash) {
  const std::string hash(32, 'a');
  const auto named = named_files("name: x\n# a.b " + hash + "\n# decide 24 0\n#c " + hash +
                                 "\n# d\n# e " + hash + "0\n# f.0 " + hash);
  ASSERT_EQ(named.size(), 2U);
  EXPECT_EQ(named[0].key, "a.b");
  EXPECT_EQ(to_string(named[1].hash), hash);
  EXPECT_EQ(named[1].key, "f.0");
  EXPECT_TRUE(named_files("").empty());
}

}  // namespace
}  // namespace ouzel
