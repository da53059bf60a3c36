/// OUZEL_CHECK: an invariant of ours. On in release too: a crash is safe, because start-up is
/// recovery; going on with a broken invariant is not.
#pragma once

namespace ouzel {
/// Prints the failed condition to stderr and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace ouzel

#define OUZEL_CHECK(condition)                       \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? (void)0                                     \
       : ::ouzel::check_failed(#condition, __FILE__, __LINE__))
