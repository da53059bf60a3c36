/// The data directory of an engine: who owns it, and what was fixed when it was made.
#pragma once

#include <memory>
#include <string>

#include "ouzel/base/file_system.h"
#include "ouzel/base/random.h"
#include "ouzel/batch/schema.h"

namespace ouzel {

/// What never changes in a data directory (docs/format/log.md, `ouzel.meta`).
struct DirectoryMeta {
  std::uint64_t log_id = 0;
  std::uint16_t partitions = 0;
  FieldSource key;
};

/// Reads `ouzel.meta`. Errors: config (absent, of another version), corrupt.
Result<DirectoryMeta> read_meta(FileSystem& fs, const std::string& directory);

/// An owned data directory; others are kept out while this lives.
class DataDirectory {
 public:
  /// Takes the directory over, making it (with a log id of `random`) if there is none. Errors:
  /// config: in use, of another version, or made for other partitions or another key than `wanted`.
  static Result<std::unique_ptr<DataDirectory>> open(FileSystem& fs, const std::string& path,
                                                     const DirectoryMeta& wanted, Random& random);
  const DirectoryMeta& meta() const { return meta_; }
  std::string log_path() const { return path_ + "/log"; }
  std::string keep_path() const { return path_ + "/keep"; }
  std::string snapshots_path() const { return path_ + "/snapshots"; }

 private:
  std::string path_;
  DirectoryMeta meta_;
  std::unique_ptr<FileLock> lock_;
};

}  // namespace ouzel
