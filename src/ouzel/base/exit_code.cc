#include "ouzel/base/exit_code.h"

#include <cstdio>

namespace ouzel {

int failed(std::string_view command, const Error& error) {
  std::fprintf(stderr, "ouzel %.*s: %s\n", static_cast<int>(command.size()), command.data(),
               error.message.c_str());
  if (error.code == ErrorCode::config) return kExitConfig;
  return error.code == ErrorCode::unavailable ? kExitUnavailable : kExitFailed;
}

}  // namespace ouzel
