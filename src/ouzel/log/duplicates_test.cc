#include "ouzel/log/duplicates.h"

#include <gtest/gtest.h>

#include <deque>

#include "ouzel/base/random.h"

namespace ouzel {
namespace {

Hash128 identity(std::uint64_t number) { return event_identity("s", std::to_string(number)); }

TEST(Duplicates, RemembersJustTheLastRows) {
  for (const std::size_t rows_max : {1u, 7u, 100u, 1000u}) {
    Duplicates duplicates(rows_max);
    Random random(5);
    std::deque<std::uint64_t> model;
    Offset next;
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t number = random.below(rows_max * 3);
      const bool known = std::find(model.begin(), model.end(), number) != model.end();
      ASSERT_EQ(duplicates.contains(identity(number)), known);
      const auto at = std::find(model.begin(), model.end(), number) - model.begin();
      const Offset oldest(next.value() - model.size());
      ASSERT_EQ(duplicates.find(identity(number), next),
                known ? std::optional(oldest + static_cast<std::uint64_t>(at)) : std::nullopt);
      if (known) continue;
      duplicates.insert(next, identity(number));
      duplicates.insert(next, identity(number));  // again, as a replay does
      ++next;
      model.push_back(number);
      if (model.size() > rows_max) model.pop_front();
    }
  }
}

TEST(Duplicates, RestoresOnlyWhatSurvived) {
  Duplicates before(10);
  for (std::uint64_t i = 0; i < 25; ++i) before.insert(Offset(i), identity(i));
  const std::string saved = before.save(Offset(25));
  Duplicates after(10);
  ASSERT_TRUE(after.restore(saved, Offset(20)));
  for (std::uint64_t i = 0; i < 25; ++i) {
    EXPECT_EQ(after.contains(identity(i)), i >= 15 && i < 20) << i;
  }
  Duplicates smaller(3);
  ASSERT_TRUE(smaller.restore(saved, Offset(25)));
  EXPECT_TRUE(smaller.contains(identity(24)));
  EXPECT_FALSE(smaller.contains(identity(21)));
  EXPECT_FALSE(after.restore(saved.substr(1), Offset(25)));
  EXPECT_FALSE(after.restore("", Offset(25)));
}

/// A snapshot's identities are newer than the place from which its events are replayed.
TEST(Duplicates, AReplayOfOlderEventsChangesNothing) {
  Duplicates before(10);
  for (std::uint64_t i = 0; i < 25; ++i) before.insert(Offset(i), identity(i));
  Duplicates after(10);
  ASSERT_TRUE(after.restore(before.save(Offset(25)), Offset(25)));
  for (std::uint64_t i = 3; i < 25; ++i) after.insert(Offset(i), identity(i));
  for (std::uint64_t i = 0; i < 25; ++i) {
    EXPECT_EQ(after.contains(identity(i)), i >= 15) << i;
  }
  EXPECT_EQ(after.save(Offset(25)), before.save(Offset(25)));
}

TEST(Duplicates, NoneRemembersNothing) {
  Duplicates none(0);
  none.insert(Offset(0), identity(0));
  EXPECT_FALSE(none.contains(identity(0)));
}

}  // namespace
}  // namespace ouzel
