#include "ouzel/decide/review_budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <vector>

#include "ouzel/base/random.h"
#include "ouzel/decide/decide_stage.h"
#include "ouzel/stage/stage_conformance.h"

namespace ouzel {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr DecideSpec kSpec{
    .threshold = 0.9, .review = 0.6, .review_budget = {.per_day = 50, .random = 0.1}};

struct Decided {
  std::int64_t day = 0;  ///< By the lane's clock.
  float score = 0;
  bool review = false;
  bool full = false;
};

/// A lane's events through the stage, in batches of that many rows.
std::vector<Decided> decide(const std::vector<std::pair<nanoseconds, float>>& events,
                            std::size_t batch_rows = 1000, DecideSpec spec = kSpec) {
  DecideStage stage(spec);
  std::uint64_t key[2] = {};
  std::vector<std::uint64_t> lane(stage.state_need().lane_bytes / 8);
  std::vector<Decided> out;
  nanoseconds clock = nanoseconds::min();
  for (std::size_t begin = 0; begin < events.size(); begin += batch_rows) {
    Batch batch;
    const std::size_t end = std::min(events.size(), begin + batch_rows);
    for (std::size_t i = begin; i < end; ++i) {
      batch.fate.push_back(Fate::live);
      batch.time.push_back(EventTime(events[i].first));
      batch.score.push_back(events[i].second);
      batch.flags.push_back(0);
      batch.identity.push_back(event_identity("/test", std::to_string(i)));
    }
    const std::vector<std::byte*> rows(end - begin, reinterpret_cast<std::byte*>(key));
    stage.run(batch, StateView(rows.data(), 0, reinterpret_cast<std::byte*>(lane.data())));
    for (std::size_t i = begin; i < end; ++i) {
      clock = std::max(clock, events[i].first);
      out.push_back({.day = std::chrono::floor<std::chrono::days>(clock).count(),
                     .score = events[i].second,
                     .review = batch.route[i - begin] == Route::review,
                     .full = (batch.flags[i - begin] & kFlagReviewFull) != 0});
    }
  }
  return out;
}

std::map<std::int64_t, std::uint64_t> reviews_of_days(const std::vector<Decided>& decided) {
  std::map<std::int64_t, std::uint64_t> out;
  for (const Decided& one : decided) out[one.day] += one.review ? 1 : 0;
  return out;
}

/// `days` days of `per_day` events with scores in [0, 0.89].
std::vector<std::pair<nanoseconds, float>> stream(std::uint64_t seed, int days, int per_day,
                                                  const std::function<double(double)>& hour_of) {
  Random random(seed);
  std::vector<std::pair<nanoseconds, float>> out;
  for (int day = 0; day < days; ++day) {
    std::vector<double> hours;
    for (int i = 0; i < per_day; ++i) hours.push_back(hour_of(random.uniform()));
    std::sort(hours.begin(), hours.end());
    for (const double hour : hours) {
      const auto late = nanoseconds(random.chance(0.1) ? random.below(7'200'000'000'000) : 0);
      out.emplace_back(
          24h * (20'000 + day) + nanoseconds(static_cast<std::int64_t>(hour * 3.6e12)) - late,
          static_cast<float>(0.89 * random.uniform()));
    }
  }
  return out;
}

TEST(ReviewBudget, IsNeverExceededAndHardlyEverLeft) {
  const std::vector<std::pair<const char*, std::function<double(double)>>> shapes = {
      {"evenly", [](double u) { return 24 * u; }},
      {"office hours", [](double u) { return 8 + 9 * u; }},
      {"late", [](double u) { return 23 + u; }},
      {"at once", [](double) { return 12.0; }}};
  for (const auto& [name, shape] : shapes) {
    for (const int per_day : {10, 100, 1000, 20'000}) {
      const auto days = reviews_of_days(decide(stream(7, 5, per_day, shape)));
      for (const auto& [day, count] : days) EXPECT_LE(count, 50U) << name << per_day;
      // Spent where there is something to spend it on, and the pace lets it. (Day 1 is learning.)
      const bool paced = std::string_view(name) != "at once";
      if (per_day >= 1000 && paced) {
        EXPECT_GE(days.at(20'003), 36U) << name << per_day;
      }
    }
  }
}

TEST(ReviewBudget, TakesAllWhileThereIsRoom) {
  const auto decided = decide(stream(3, 4, 40, [](double u) { return 24 * u; }), 1000,
                              {.threshold = 0.9, .review = 0.6, .review_budget = {.per_day = 50}});
  for (const Decided& one : decided) EXPECT_EQ(one.review, one.score >= 0.6F);
}

TEST(ReviewBudget, TakesTheMostUncertain) {
  const auto decided = decide(stream(5, 4, 20'000, [](double u) { return 24 * u; }), 1000,
                              {.threshold = 0.9, .review = 0.6, .review_budget = {.per_day = 50}});
  std::vector<float> candidates, taken;
  for (const Decided& one : decided) {
    EXPECT_EQ(one.full, one.score >= 0.6F && !one.review);
    if (one.day != 20'003 || one.score < 0.6F) continue;
    candidates.push_back(one.score);
    if (one.review) taken.push_back(one.score);
  }
  std::sort(candidates.rbegin(), candidates.rend());
  // One of the 32 classes is cut by chance; none below it is taken.
  EXPECT_GE(taken.size(), 45U);
  EXPECT_GE(*std::min_element(taken.begin(), taken.end()), 0.9F - 3 * 0.3F / 32);
}

TEST(ReviewBudget, TheRandomShareIsOfAllEvents) {
  DecideSpec spec = kSpec;
  spec.review_budget = {.per_day = 400, .random = 0.5};
  const auto decided = decide(stream(9, 6, 20'000, [](double u) { return 24 * u; }), 1000, spec);
  double below = 0;
  double count = 0;
  for (const Decided& one : decided) {
    if (!one.review || one.score >= 0.6F) continue;
    below += one.score;
    ++count;
  }
  // Below `review` only the random share goes to review: 0.6 / 0.89 of 6 x 200, evenly in score.
  EXPECT_NEAR(count, 6 * 200 * 0.6 / 0.89, 90);
  EXPECT_NEAR(below / count, 0.3, 0.03);
}

TEST(ReviewBudget, DoesNotDependOnBatches) {
  const auto events = stream(11, 3, 2000, [](double u) { return 24 * u; });
  const auto whole = decide(events, events.size());
  const auto single = decide(events, 1);
  for (std::size_t i = 0; i < events.size(); ++i) ASSERT_EQ(whole[i].review, single[i].review) << i;
}

TEST(ReviewBudget, AGapOfDaysForgetsAndTimesAtTheEndsAreHarmless) {
  std::vector<std::pair<nanoseconds, float>> events;
  for (const nanoseconds start :
       {nanoseconds(nanoseconds::min() + 1ns), nanoseconds(-24h * 3), nanoseconds(24h * 9)}) {
    for (int i = 0; i < 200; ++i) events.emplace_back(start + i * 60s, 0.7F);
  }
  events.emplace_back(nanoseconds::max(), 0.7F);
  for (const auto& [day, count] : reviews_of_days(decide(events))) {
    EXPECT_GE(count, 1U);
    EXPECT_LE(count, 50U);
  }
}

TEST(ReviewBudget, TheStageConforms) {
  conformance::expect_conforms({.make = [] { return std::make_unique<DecideStage>(kSpec); }});
}

}  // namespace
}  // namespace ouzel
