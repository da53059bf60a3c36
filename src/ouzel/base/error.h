/// Result and Error: how a failure of the world (disk, network, configuration) travels.
///
/// A bad row is data, not an Error (see batch/batch.h, Fate). A mistake of ours is OUZEL_CHECK.
/// The code says what the caller can do; the message says what, expected, got, values last.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace ouzel {

enum class ErrorCode : std::uint8_t {
  retry,        ///< The same call may succeed later.
  config,       ///< The user must change something: file, flag, permission.
  corrupt,      ///< Bytes on disk or on the wire are damaged; never retried.
  unavailable,  ///< A dependency (disk, peer) is gone or full.
  internal,     ///< A bug of ours that is safe to report.
};

std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace ouzel

#define OUZEL_CONCAT_INNER(a, b) a##b
#define OUZEL_CONCAT(a, b) OUZEL_CONCAT_INNER(a, b)

/// OUZEL_TRY(Offset at, read_header(bytes)); declares `at`, or returns the error to the caller.
#define OUZEL_TRY(declaration, expression)                                  \
  auto OUZEL_CONCAT(try_, __LINE__) = (expression);                         \
  if (!OUZEL_CONCAT(try_, __LINE__)) [[unlikely]]                           \
    return tl::unexpected(std::move(OUZEL_CONCAT(try_, __LINE__)).error()); \
  declaration = std::move(OUZEL_CONCAT(try_, __LINE__)).value()

/// The same for a Result<void>.
#define OUZEL_TRY_VOID(expression)                            \
  do {                                                        \
    if (auto try_void = (expression); !try_void) [[unlikely]] \
      return tl::unexpected(std::move(try_void).error());     \
  } while (false)
