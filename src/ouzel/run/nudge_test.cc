#include "ouzel/run/nudge.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "ouzel/run/interrupt.h"

namespace ouzel {
namespace {

/// Whether whoever waits on it would wake.
bool wakes(const Nudge& nudge) {
  const Interrupt interrupt;
  bool readable = false;
  EXPECT_FALSE(interrupt.wait(std::chrono::nanoseconds(0), nudge.fd(), readable));
  return readable;
}

TEST(Nudge, TellsAHangUpFromOtherWakeUps) {
  const Nudge nudge;
  EXPECT_FALSE(wakes(nudge));
  EXPECT_FALSE(nudge.take());
  nudge.signal();
  EXPECT_TRUE(wakes(nudge));
  EXPECT_FALSE(nudge.take()) << "nobody hung up";
  EXPECT_FALSE(wakes(nudge)) << "taken";
  ASSERT_EQ(::raise(SIGHUP), 0);
  EXPECT_TRUE(wakes(nudge));
  EXPECT_TRUE(nudge.take());
  EXPECT_FALSE(wakes(nudge));
}

TEST(Nudge, TakesAllThatCameTogether) {
  const Nudge nudge;
  nudge.signal();
  ASSERT_EQ(::raise(SIGHUP), 0);
  nudge.signal();
  ASSERT_EQ(::raise(SIGHUP), 0);
  EXPECT_TRUE(nudge.take()) << "one pipeline file is read again, once";
  EXPECT_FALSE(nudge.take());
}

/// More than a pipe holds: neither a signal handler nor an I/O thread may wait for the reader.
TEST(Nudge, NobodyEverWaitsToSignal) {
  const Nudge nudge;
  ASSERT_EQ(::raise(SIGHUP), 0);
  std::thread other([&] {
    for (int i = 0; i < 200'000; ++i) nudge.signal();
  });
  other.join();
  EXPECT_TRUE(nudge.take());
  EXPECT_FALSE(wakes(nudge));
}

TEST(Nudge, WakesAThreadThatWaits) {
  const Nudge nudge;
  const Interrupt interrupt;
  std::thread other([&] { nudge.signal(); });
  bool readable = false;
  EXPECT_FALSE(interrupt.wait(std::chrono::seconds(60), nudge.fd(), readable));
  EXPECT_TRUE(readable);
  other.join();
}

TEST(Nudge, GivesTheSignalBack) {
  { const Nudge nudge; }
  struct sigaction now = {};
  ASSERT_EQ(::sigaction(SIGHUP, nullptr, &now), 0);
  EXPECT_EQ(now.sa_handler, SIG_DFL);
}

}  // namespace
}  // namespace ouzel
