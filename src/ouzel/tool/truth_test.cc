#include "ouzel/tool/truth.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "ouzel/gateway/simulator.h"

namespace ouzel {
namespace {

using std::chrono::seconds;

class TruthTest : public testing::Test {
 protected:
  TruthTest() : path_(testing::TempDir() + "truth-" + std::to_string(::getpid()) + ".ndjson") {
    std::ofstream(path_).close();
  }
  ~TruthTest() override { ::unlink(path_.c_str()); }
  void write(const std::string& key, int second, const std::string& episode) {
    std::string time;
    append_time(time, EventTime(seconds(second)));
    std::ofstream(path_, std::ios::app)
        << R"({"source":"/s","id":"i","key":")" << key << R"(","time":")" << time
        << R"(","kind":"spike","episode":")" << episode << "\"}\n";
  }
  static OutcomeView anomaly(const std::string& key, int second) {
    OutcomeView out;
    out.key = key;
    out.time = EventTime(seconds(second));
    return out;
  }
  std::string path_;
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
};

TEST_F(TruthTest, PrecisionAndRecall) {
  Truth truth(*fs_, {path_}, true);
  for (const int second : {10, 11, 12, 13}) write("a", second, "1");
  write("b", 50, "2");
  truth.read();
  truth.add(anomaly("a", 11), SteadyTime{});
  truth.add(anomaly("a", 12), SteadyTime{});
  truth.add(anomaly("a", 14), SteadyTime{});  // just behind
  truth.add(anomaly("c", 11), SteadyTime{});  // another device
  truth.judge(SteadyTime{}, false);
  EXPECT_EQ(truth.score().labelled, 0U) << "their truth may still come";
  truth.judge(SteadyTime{} + Truth::kPatience, false);
  const TruthScore& score = truth.score();
  EXPECT_EQ(score.labelled, 4U);
  EXPECT_EQ(score.right, 2U);
  EXPECT_EQ(score.events, 5U);
  EXPECT_EQ(score.episodes, 2U);
  EXPECT_EQ(score.episodes_found, 1U);
  EXPECT_DOUBLE_EQ(score.precision(), 0.5);
  EXPECT_DOUBLE_EQ(score.event_recall(), 0.4);
  EXPECT_DOUBLE_EQ(score.episode_recall(), 0.5);
}

TEST_F(TruthTest, WhatWasThereBeforeIsKnownButNotCounted) {
  write("a", 10, "1");
  Truth truth(*fs_, {path_}, false);
  truth.read();
  write("a", 30, "2");
  truth.read();
  truth.add(anomaly("a", 10), SteadyTime{});
  truth.add(anomaly("a", 30), SteadyTime{});
  truth.judge(SteadyTime{}, true);
  EXPECT_EQ(truth.score().labelled, 1U);
  EXPECT_EQ(truth.score().right, 1U);
  EXPECT_EQ(truth.score().episodes, 1U);
}

TEST_F(TruthTest, HalfALineWaitsForItsEnd) {
  Truth truth(*fs_, {path_}, true);
  write("a", 10, "1");
  std::ofstream(path_, std::ios::app) << R"({"source":"/s","id":"i","key":"a","time":"1970-)";
  truth.read();
  EXPECT_EQ(truth.score().events, 1U);
  std::ofstream(path_, std::ios::app) << R"(01-01T00:00:11Z","kind":"spike","episode":"1"})"
                                      << "\n";
  truth.read();
  EXPECT_EQ(truth.score().events, 2U);
  EXPECT_EQ(truth.score().episodes, 1U);
}

TEST_F(TruthTest, OtherLinesAndMissingFilesAreNoTruth) {
  Truth truth(*fs_, {path_, path_ + ".none"}, true);
  std::ofstream(path_, std::ios::app)
      << R"({"source":"/s","id":"i","key":"a","time":"1970-01-01T00:00:00Z","kind":"late"})"
      << "\n"
      << "not JSON\n"
      << R"({"time":"1970-01-01T00:00:00Z","kind":"feature_drift","channel":"x","sigma":1})"
      << "\n";
  truth.read();
  EXPECT_EQ(truth.score().events, 0U);
  EXPECT_DOUBLE_EQ(truth.score().precision(), 0);
}

TEST_F(TruthTest, ReadsWhatTheSimulatorWrites) {
  SimulatorSpec spec;
  spec.anomaly_rate = 0.05;
  spec.late_share = 0.01;
  auto simulator = Simulator::make(spec);
  ASSERT_TRUE(simulator);
  std::string lines, truths;
  std::uint64_t anomalous = 0;
  for (int i = 0; i < 20'000; ++i) {
    const SimulatedEvent event = simulator->next(lines);
    anomalous += event.anomaly != AnomalyKind::none ? 1 : 0;
    simulator->truth(truths, event);
  }
  std::ofstream(path_) << truths;
  Truth truth(*fs_, {path_}, true);
  truth.read();
  EXPECT_EQ(truth.score().events, anomalous);
  EXPECT_GT(truth.score().episodes, anomalous / 40);
}

}  // namespace
}  // namespace ouzel
