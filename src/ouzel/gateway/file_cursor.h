/// FileCursor: how far a file source has read, durably (docs/format/file_cursor.md). It stands
/// behind events that are on disk, or at their end, never ahead of them. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"
#include "ouzel/gateway/event_text.h"

namespace ouzel {

struct FileCursor {
  std::uint64_t number = 0;  ///< Of the file, counted from 1 as they were opened; 0: none so far.
  std::string identity;      ///< Of the file (`file_identity`).
  std::string name;          ///< Its name when it was opened, without its directories.
  bool finished = false;     ///< Read to its end, and nothing more is expected of it.
  EventTextPlace place;
  /// Of the text that ends at the place: so many bytes with this CRC-32C. None: nothing is known.
  std::uint32_t before_bytes = 0;
  std::uint32_t before_crc = 0;

  void set_before(std::string_view text);
  /// Whether the bytes of a file that end at the place can be those that were read; there may be
  /// more than it knows of. False: the file was written anew.
  bool fits(std::string_view text) const;
};

/// Which file it is, whatever its name: device, inode and, where the file system has it, the time
/// of its birth; empty if there is none at `path`.
std::string file_identity(const std::string& path);

/// A new one if there is none. Errors: corrupt, unavailable.
Result<FileCursor> read_cursor(FileSystem& fs, const std::string& directory);
/// Durable on return.
Result<void> write_cursor(FileSystem& fs, const std::string& directory, const FileCursor& cursor);

}  // namespace ouzel
