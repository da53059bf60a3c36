/// The only way to files. Injected, so that a test can forget, tear, reorder and fail.
///
/// Durability is as POSIX has it: bytes are on disk after `sync` of their file, a new, renamed or
/// removed name after `sync_directory` of its directory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"

namespace ouzel {

/// One open file. Closes itself. Calls at different offsets may come from different threads.
class File {
 public:
  virtual ~File() = default;
  /// Writes all of `bytes` at `offset`. Errors: unavailable (full, I/O); how much got there is
  /// unknown then.
  virtual Result<void> write(std::uint64_t offset, std::string_view bytes) = 0;
  /// Writes zeros over [from, to), which begin and end at whole pages. For preparing large files:
  /// an implementation may go past the page cache.
  virtual Result<void> write_zeros(std::uint64_t from, std::uint64_t to);
  /// Reads up to `size` bytes into `out`, fewer only at the end of the file.
  virtual Result<std::size_t> read(std::uint64_t offset, char* out, std::size_t size) const = 0;
  /// fdatasync. After an error the file's unsynced bytes are lost: never call it again on them.
  virtual Result<void> sync() = 0;
  virtual Result<std::uint64_t> size() const = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
};

enum class OpenMode : std::uint8_t {
  read,    ///< Must exist.
  write,   ///< Read and write; must exist.
  create,  ///< Read and write; made if absent.
};

/// Held while it lives; the system drops it with the process.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  /// Replaces `to` if it exists.
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;  ///< A file, or an empty directory.
  virtual Result<void> make_directory(const std::string& path) = 0;
  virtual Result<void> sync_directory(const std::string& path) = 0;
  /// Names (without the path) of a directory's entries, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  virtual bool exists(const std::string& path) = 0;
  /// An exclusive lock of the file at `path` (made if absent). Error config: someone holds it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
  /// Bytes that an ordinary user may still write.
  virtual Result<std::uint64_t> free_bytes(const std::string& path) = 0;
};

/// The real files of this machine.
std::unique_ptr<FileSystem> make_posix_file_system();

/// Whole-file conveniences over the seam.
Result<std::string> read_file(FileSystem& fs, const std::string& path);
/// Writes `path` so that after a crash it is either the old or the new content, durably.
Result<void> replace_file(FileSystem& fs, const std::string& directory, const std::string& name,
                          std::string_view content);

}  // namespace ouzel
