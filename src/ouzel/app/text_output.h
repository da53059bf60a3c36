/// Where a command writes lines: stdout, or a file that is replaced. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"

namespace ouzel {

class TextOutput {
 public:
  /// `path` "-": stdout. `fs` must outlive it.
  static Result<TextOutput> open(FileSystem& fs, const std::string& path);
  /// Error unavailable. `left()`: because the reader of stdout closed its end (`| head`), which is
  /// its business.
  Result<void> write(std::string_view text);
  bool left() const { return left_; }

 private:
  std::unique_ptr<File> file_;  ///< Null: stdout.
  std::uint64_t size_ = 0;
  bool left_ = false;
};

}  // namespace ouzel
