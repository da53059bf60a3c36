#include "ouzel/decide/decide_stage.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ouzel/stage/stage_conformance.h"

namespace ouzel {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using namespace std::chrono_literals;

struct Row {
  float score;
  seconds time{0};
  std::uint8_t flags = 0;
  Fate fate = Fate::live;
};

/// Rows of one key, whose state lives on between batches.
class Key {
 public:
  explicit Key(DecideSpec spec) : stage_(spec) {}
  Batch decide(const std::vector<Row>& rows) {
    Batch batch;
    for (const Row& row : rows) {
      batch.fate.push_back(row.fate);
      batch.score.push_back(row.score);
      batch.time.push_back(EventTime(row.time));
      batch.flags.push_back(row.flags);
      batch.detail.append(row.fate == Fate::live ? "" : "as it was");
    }
    std::vector<std::byte*> pointers;
    for (const Row& row : rows) {
      pointers.push_back(row.fate == Fate::live ? reinterpret_cast<std::byte*>(state_) : nullptr);
    }
    stage_.run(batch, StateView(pointers.data(), 0, nullptr));
    return batch;
  }

 private:
  DecideStage stage_;
  std::uint64_t state_[2] = {};
};

TEST(DecideStage, RoutesAtTheBoundaries) {
  Key key({.threshold = 0.9, .review = 0.6});
  const Batch out = key.decide(
      {{std::nextafter(0.6F, 0.0F)}, {0.6F}, {std::nextafter(0.9F, 0.0F)}, {0.9F}, {1.0F}, {0.0F}});
  EXPECT_EQ(out.route, (std::vector{Route::pass, Route::review, Route::review, Route::alert,
                                    Route::alert, Route::pass}));
  EXPECT_EQ(out.label, (std::vector{Label::normal, Label::normal, Label::normal, Label::anomaly,
                                    Label::anomaly, Label::normal}));
}

TEST(DecideStage, ConfidenceIsTheDistanceFromTheThreshold) {
  Key key({.threshold = 0.75, .review = 0.5});
  const Batch out = key.decide({{0.0F}, {0.375F}, {0.75F}, {0.875F}, {1.0F}, {1.5F}, {-1.0F}});
  EXPECT_EQ(out.confidence, (std::vector<float>{1.0F, 0.75F, 0.5F, 0.75F, 1.0F, 1.0F, 1.0F}));
  Key strict({.threshold = 1.0, .review = 1.0});
  const Batch ends = strict.decide({{1.0F}, {0.5F}});
  EXPECT_EQ(ends.confidence, (std::vector<float>{0.5F, 0.75F}));
  EXPECT_EQ(ends.route, (std::vector{Route::alert, Route::pass}));
}

TEST(DecideStage, ScoresAndThresholdsMayLieAnywhere) {
  Key high({.threshold = 50, .review = 20});
  const Batch out = high.decide({{50.0F}, {100.0F}, {49.0F}, {0.0F}, {-1e30F}});
  EXPECT_EQ(out.route,
            (std::vector{Route::alert, Route::alert, Route::review, Route::pass, Route::pass}));
  EXPECT_EQ(out.confidence, (std::vector<float>{0.5F, 0.75F, 0.5F + 0.5F / 51, 0.75F, 1.0F}));
  Key low({.threshold = 0, .review = -0.5});
  const Batch odd = low.decide({{0.0F}, {-1.0F}, {-0.5F}});
  EXPECT_EQ(odd.route, (std::vector{Route::alert, Route::pass, Route::review}));
  EXPECT_EQ(odd.confidence[1], 0.75F);
}

TEST(DecideStage, HoldsAlertsOfAKeyOff) {
  Key key({.threshold = 0.9, .review = 0.6, .hold_off = 60s});
  const Batch out = key.decide({{0.95F, 100s},
                                {0.95F, 159s},
                                {0.7F, 159s},
                                {0.95F, 160s},
                                {0.95F, 160s},
                                {0.95F, 219s},
                                {0.95F, 220s}});
  EXPECT_EQ(out.route, (std::vector{Route::alert, Route::pass, Route::review, Route::alert,
                                    Route::pass, Route::pass, Route::alert}));
  EXPECT_EQ(out.flags,
            (std::vector<std::uint8_t>{0, kFlagHoldOff, 0, 0, kFlagHoldOff, kFlagHoldOff, 0}));
  for (const std::size_t row : {0, 1, 3, 4, 5, 6}) EXPECT_EQ(out.label[row], Label::anomaly);
}

TEST(DecideStage, ALateAlertIsHeldNearTheLastAndNeverMovesItBack) {
  Key key({.threshold = 0.9, .review = 0.6, .hold_off = 60s});
  const Batch out = key.decide({{0.95F, 1000s},
                                {0.95F, 941s, kFlagLate},
                                {0.95F, 940s, kFlagLate},
                                {0.95F, 999s, kFlagLate},
                                {0.95F, 1059s},
                                {0.95F, 1060s}});
  EXPECT_EQ(out.route, (std::vector{Route::alert, Route::pass, Route::alert, Route::pass,
                                    Route::pass, Route::alert}));
  EXPECT_EQ(out.flags[1], kFlagLate | kFlagHoldOff);
}

TEST(DecideStage, WithoutHoldOffEveryAnomalyAlerts) {
  Key key({.threshold = 0.9, .review = 0.6});
  const Batch out = key.decide({{0.95F, 10s}, {0.95F, 10s}, {0.95F, 9s}});
  EXPECT_EQ(out.route, (std::vector{Route::alert, Route::alert, Route::alert}));
}

TEST(DecideStage, TimesAtTheEndsOfTheClockAreFarApart) {
  DecideStage stage({.threshold = 0.9, .review = 0.6, .hold_off = nanoseconds::max()});
  Batch batch;
  batch.fate = {Fate::live, Fate::live};
  batch.score = {1.0F, 1.0F};
  batch.time = {EventTime(nanoseconds::min() + 1ns), EventTime(nanoseconds::max())};
  batch.flags = {0, 0};
  std::uint64_t state[2] = {};
  std::byte* rows[2] = {reinterpret_cast<std::byte*>(state), reinterpret_cast<std::byte*>(state)};
  stage.run(batch, StateView(rows, 0, nullptr));
  EXPECT_EQ(batch.route, (std::vector{Route::alert, Route::alert}));
}

TEST(DecideStage, WarmingRowsNeverAlert) {
  Key key({.threshold = 0.9, .review = 0.6, .hold_off = 60s});
  const Batch out = key.decide({{0.95F, 100s, kFlagWarming},
                                {0.7F, 100s, kFlagWarming},
                                {0.95F, 101s},
                                {0.95F, 102s, kFlagWarming}});
  EXPECT_EQ(out.route, (std::vector{Route::pass, Route::pass, Route::alert, Route::pass}));
  EXPECT_EQ(out.label[0], Label::anomaly);
  EXPECT_EQ(out.flags[3], kFlagWarming);
}

TEST(DecideStage, AScoreThatIsNoneFailsItsRowOnly) {
  Key key({.threshold = 0.9, .review = 0.6, .hold_off = 60s});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const Batch out =
      key.decide({{nan, 1s, 0, Fate::schema}, {nan, 1s}, {0.95F, 2s}, {infinity, 3s}});
  EXPECT_EQ(out.fate,
            (std::vector{Fate::schema, Fate::model_failed, Fate::live, Fate::model_failed}));
  EXPECT_EQ(out.detail[0], "as it was");
  EXPECT_EQ(out.detail[1], "score: a finite number expected, the model gave none");
  EXPECT_EQ(out.detail[2], "");
  EXPECT_EQ(out.detail[3], "score: a finite number expected, the model gave infinity");
  EXPECT_EQ(out.route, (std::vector{Route::pass, Route::pass, Route::alert, Route::pass}));
  EXPECT_EQ(out.confidence[1], 0.0F);
}

TEST(DecideStage, RefusesWhatMakesNoSense) {
  for (const DecideSpec& spec :
       {DecideSpec{.threshold = std::numeric_limits<double>::infinity()},
        DecideSpec{.threshold = std::nan("")}, DecideSpec{.threshold = 0.5, .review = 0.6},
        DecideSpec{.review = std::nan("")}, DecideSpec{.hold_off = -1ns}}) {
    const auto stage = DecideStage::make(spec);
    ASSERT_FALSE(stage.has_value());
    EXPECT_EQ(stage.error().code, ErrorCode::config);
  }
  EXPECT_TRUE(DecideStage::make({}).has_value());
}

TEST(DecideStage, Conforms) {
  conformance::expect_conforms({.make = [] {
    return std::make_unique<DecideStage>(
        DecideSpec{.threshold = 0.8, .review = 0.5, .hold_off = 30s});
  }});
}

}  // namespace
}  // namespace ouzel
