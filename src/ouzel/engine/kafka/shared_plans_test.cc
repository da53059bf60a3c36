#include "ouzel/engine/kafka/shared_plans.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace ouzel {
namespace {

constexpr std::chrono::hours kDay{24};

class SharedPlansTest : public testing::Test {
 protected:
  SharedPlansTest()
      : root_(std::filesystem::path(testing::TempDir()) /
              ("shared-plans-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(place());
    clock_.advance(std::chrono::hours(1'000'000));
  }
  ~SharedPlansTest() override { std::filesystem::remove_all(root_); }

  std::string place() const { return root_ / "shared"; }
  SharedPlans worker(const std::string& name, std::chrono::nanoseconds retention = 7 * kDay) {
    return {*fs_, clock_, {.root = place(), .worker = name, .retention = retention}};
  }
  void put(const std::string& path, std::string_view content) {
    ASSERT_TRUE(fs_->open(path, OpenMode::create));
    std::filesystem::resize_file(path, 0);
    ASSERT_TRUE((*fs_->open(path, OpenMode::write))->write(0, content));
  }
  /// A plan that names a model that all have in common, and one table of this content.
  Plan plan(const std::string& table) {
    Plan out;
    for (const auto& [key, content] :
         {std::pair{"model.onnx", std::string("net")}, std::pair{"enrich.0.table", table}}) {
      const std::string path = root_ / to_string(hash128(content));
      put(path, content);
      out.files.push_back({.key = key, .path = path, .hash = hash128(content)});
    }
    out.text = "name: press\n" + file_line(out.files[0]) + file_line(out.files[1]);
    out.hash = hash128(out.text);
    return out;
  }
  bool whole(const Plan& plan) {
    const PlanArchive archive(*fs_, place());
    bool out = read_by_hash(*fs_, archive.plan_path(plan.hash), plan.hash).has_value();
    for (const PlanFile& file : plan.files) {
      out = out && read_by_hash(*fs_, archive.file_path(file.hash), file.hash);
    }
    return out;
  }
  std::size_t count(const std::string& folder) { return fs_->list(place() + "/" + folder)->size(); }

  std::filesystem::path root_;
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
  ManualClock clock_;
};

TEST_F(SharedPlansTest, APlanStaysForTheRetentionAndADayAfterItWasLastRun) {
  const Plan old = plan("1"), young = plan("2");
  SharedPlans one = worker("a");
  ASSERT_TRUE(one.keep(old));
  clock_.advance(kDay);
  ASSERT_TRUE(one.keep(young));
  clock_.advance(7 * kDay - std::chrono::seconds(1));
  ASSERT_TRUE(one.remove_expired());
  EXPECT_TRUE(whole(old));
  clock_.advance(std::chrono::hours(1));
  ASSERT_TRUE(one.remove_expired());
  EXPECT_FALSE(whole(old));
  EXPECT_TRUE(whole(young)) << "with the model that both name";
  EXPECT_EQ(count("plans"), 2U) << "one plan, and until when";
  EXPECT_EQ(count("assets"), 4U) << "a model, a table, and until when";
}

TEST_F(SharedPlansTest, WhoeverRunsItKeepsItForAll) {
  const Plan common = plan("1");
  ASSERT_TRUE(worker("a").keep(common));
  clock_.advance(6 * kDay);
  ASSERT_TRUE(worker("b").keep(common));
  clock_.advance(6 * kDay);
  ASSERT_TRUE(worker("c").remove_expired());
  EXPECT_TRUE(whole(common));
}

TEST_F(SharedPlansTest, TheOneThatNeedsItLongestIsHeard) {
  const Plan common = plan("1");
  ASSERT_TRUE(worker("a", 30 * kDay).keep(common));
  ASSERT_TRUE(worker("b", kDay).keep(common));
  clock_.advance(30 * kDay);
  ASSERT_TRUE(worker("b", kDay).remove_expired());
  EXPECT_TRUE(whole(common));
}

TEST_F(SharedPlansTest, ItIsWrittenAgainWhereItIsMissingOrDamaged) {
  const Plan one = plan("1");
  const PlanArchive archive(*fs_, place());
  ASSERT_TRUE(worker("a").keep(one));
  put(archive.plan_path(one.hash), "half");
  ASSERT_TRUE(fs_->remove(archive.file_path(one.files[0].hash)));
  EXPECT_FALSE(whole(one));
  ASSERT_TRUE(worker("b").keep(one));
  EXPECT_TRUE(whole(one));
}

/// Drafts carry their worker's name: nobody writes into another's.
TEST_F(SharedPlansTest, AnothersDraftIsLeftAloneUntilNobodyNeedsThePlan) {
  const Plan one = plan("1");
  ASSERT_TRUE(worker("a").keep(one));
  const std::string stem = place() + "/plans/" + to_string(one.hash);
  for (const char* draft : {".yaml.z.new", ".yaml.z.new.new", ".until.z"}) {
    put(stem + draft, "half");
  }
  ASSERT_TRUE(worker("a").keep(one));
  ASSERT_TRUE(worker("a").remove_expired());
  EXPECT_EQ(count("plans"), 5U);
  clock_.advance(9 * kDay);
  ASSERT_TRUE(worker("a").remove_expired());
  EXPECT_EQ(count("plans"), 0U);
  EXPECT_EQ(count("assets"), 0U);
}

TEST_F(SharedPlansTest, EachHourSaysItAnewAndTheLatestTimeStands) {
  const Plan one = plan("1");
  for (int hour = 0; hour < 5; ++hour) {
    ASSERT_TRUE(worker("a").keep(one));
    ASSERT_TRUE(worker("b").keep(one));
    ASSERT_TRUE(worker("b").keep(one));
    clock_.advance(std::chrono::hours(1));
  }
  EXPECT_EQ(count("plans"), 1 + 5U);
  ASSERT_TRUE(worker("c").remove_expired());
  EXPECT_EQ(count("plans"), 1 + 1U);
  EXPECT_EQ(count("assets"), 2 + 2U);
  clock_.advance(7 * kDay);
  ASSERT_TRUE(worker("c").remove_expired());
  EXPECT_TRUE(whole(one)) << "the latest time was the one that stayed";
}

TEST_F(SharedPlansTest, WhatSaysNothingOfItsTimeStays) {
  const Plan one = plan("1");
  ASSERT_TRUE(worker("a").keep(one));
  const std::string plans = place() + "/plans/", digits = to_string(one.hash);
  const auto names = fs_->list(plans);
  for (const std::string& name : *names) {
    if (name.find(".until.") != name.npos) {
      ASSERT_TRUE(fs_->remove(plans + name));
    }
  }
  for (const std::string& wrong : {digits + ".until.", digits + ".until.x", digits + ".until.1x",
                                   digits + ".until", std::string("notes.until.1")}) {
    put(plans + wrong, "");
  }
  clock_.advance(100 * kDay);
  ASSERT_TRUE(worker("a").remove_expired());
  EXPECT_EQ(count("plans"), 6U);
  put(plans + digits + ".until.1", "");
  ASSERT_TRUE(worker("a").remove_expired());
  EXPECT_EQ(*fs_->list(plans), std::vector<std::string>{"notes.until.1"});
}

}  // namespace
}  // namespace ouzel
