#include "ouzel/run/gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "ouzel/base/wake.h"

namespace ouzel {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(Gate, LetsManyThroughUntilItIsClosed) {
  Gate gate{nanoseconds(0)};
  EXPECT_TRUE(gate.enter());
  EXPECT_TRUE(gate.enter());
  gate.leave();
  gate.leave();
  gate.close();
  EXPECT_FALSE(gate.enter()) << "nobody waits longer than wait_max";
  gate.open();
  EXPECT_TRUE(gate.enter());
  gate.leave();
}

TEST(Gate, CloseWaitsForThoseInside) {
  Gate gate{nanoseconds(0)};
  ASSERT_TRUE(gate.enter());
  std::atomic<bool> left{false}, left_before_closed{false};
  Wake entered;
  std::thread closer([&] {
    gate.close();
    left_before_closed = left.load();
    entered.signal();
  });
  // It is closing once it turns others away; the one inside is still there.
  while (gate.enter()) gate.leave();
  EXPECT_FALSE(entered.wait_for(nanoseconds(0)));
  left = true;
  gate.leave();
  closer.join();
  EXPECT_TRUE(left_before_closed);
}

TEST(Gate, WhoComesWhileItIsClosedGoesOnWhenItOpens) {
  Gate gate{seconds(60)};
  gate.close();
  std::atomic<int> through{0};
  std::vector<std::thread> waiting(3);
  for (std::thread& one : waiting) {
    one = std::thread([&] {
      if (!gate.enter()) return;
      ++through;
      gate.leave();
    });
  }
  EXPECT_EQ(through, 0);
  gate.open();
  for (std::thread& one : waiting) one.join();
  EXPECT_EQ(through, 3);
}

/// What it is for: nobody is inside while what it guards changes.
TEST(Gate, NobodyIsInsideWhileItIsClosed) {
  Gate gate{seconds(60)};
  std::atomic<bool> done{false};
  int guarded = 0;  // Not atomic: only the gate keeps the threads apart.
  std::atomic<int> torn{0}, entered{0};
  std::vector<std::thread> others(4);
  for (std::thread& one : others) {
    one = std::thread([&] {
      while (!done) {
        if (!gate.enter()) continue;
        torn += guarded % 2;
        ++entered;
        gate.leave();
      }
    });
  }
  for (int turn = 0; turn < 200 || entered < 100; ++turn) {
    gate.close();
    ++guarded;
    ++guarded;
    gate.open();
  }
  done = true;
  for (std::thread& one : others) one.join();
  EXPECT_EQ(torn, 0);
  EXPECT_GE(entered, 100);
}

}  // namespace
}  // namespace ouzel
