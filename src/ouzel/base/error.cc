#include "ouzel/base/error.h"

namespace ouzel {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::retry: return "retry";
    case ErrorCode::config: return "config";
    case ErrorCode::corrupt: return "corrupt";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::internal: return "internal";
  }
  return "internal";
}

}  // namespace ouzel
