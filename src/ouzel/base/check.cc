#include "ouzel/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace ouzel {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "ouzel: broken invariant: %s (%s:%d)\n", condition, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace ouzel
