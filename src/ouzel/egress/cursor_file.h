/// The durable cursor of one sink: docs/format/cursor.md has the bytes.
///
/// Two slots, written in turn, so that one is always whole. One thread; `fs` must outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"
#include "ouzel/base/types.h"

namespace ouzel {

/// Not known yet: the first outcome of the partition that is read counts as the next.
inline constexpr Offset kOffsetUnknown{~std::uint64_t{0}};

/// How far a sink has come.
struct SinkCursor {
  LogPosition position{};    ///< Of the frame to go on with.
  std::vector<Offset> next;  ///< Of each partition: outcomes below are done.
  std::string place;         ///< The outlet's own (Outlet::place).
};

inline constexpr std::size_t kPlaceBytesMax = 1024;

class CursorFile {
 public:
  /// Opens or makes the file. Errors: config (of another log or version), corrupt (no slot is
  /// whole), unavailable.
  static Result<std::unique_ptr<CursorFile>> open(FileSystem& fs, const std::string& directory,
                                                  const std::string& name, std::uint64_t log_id);
  /// Whether there was a cursor.
  bool found() const { return number_ > 0; }
  const SinkCursor& cursor() const { return cursor_; }
  /// Durable when it returns.
  Result<void> write(SinkCursor cursor);

 private:
  CursorFile(std::unique_ptr<File> file, std::uint64_t log_id)
      : file_(std::move(file)), log_id_(log_id) {}
  Result<void> read(const std::string& path);

  std::unique_ptr<File> file_;
  const std::uint64_t log_id_;
  std::uint64_t number_ = 0;  ///< Of the last slot written.
  SinkCursor cursor_;
};

/// Names of the sinks that have a cursor in the directory, sorted.
std::vector<std::string> sinks_with_cursors(FileSystem& fs, const std::string& directory);

/// The highest log position that any cursor of the directory names: what is known to be durable.
LogPosition witnessed_by_cursors(FileSystem& fs, const std::string& directory,
                                 std::uint64_t log_id);

}  // namespace ouzel
