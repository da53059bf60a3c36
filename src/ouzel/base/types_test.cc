#include "ouzel/base/types.h"

#include <gtest/gtest.h>

namespace ouzel {
namespace {

template <class A, class B>
concept Addable = requires(A a, B b) { a + b; };

static_assert(!Addable<Offset, Offset>, "position + position must not compile");
static_assert(Addable<Offset, std::uint64_t>);
static_assert(!std::is_convertible_v<Offset, std::uint64_t>);
static_assert(!std::is_convertible_v<std::uint64_t, Offset>);
static_assert(!std::is_convertible_v<Offset, LogPosition>);
static_assert(!std::is_convertible_v<WallTime, EventTime>);

TEST(Types, PositionsSubtractToACount) {
  EXPECT_EQ(Offset(7) - Offset(3), 4u);
  EXPECT_EQ(Offset(3) + 4, Offset(7));
}

}  // namespace
}  // namespace ouzel
