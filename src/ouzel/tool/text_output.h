/// Where a command writes lines: stdout, a file that is replaced, or what else a path names: a
/// pipe, a device. One thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "ouzel/base/error.h"

namespace ouzel {

class TextOutput {
 public:
  /// `path` "-": stdout. A named pipe is waited for until somebody reads it. Errors: config.
  static Result<TextOutput> open(const std::string& path);
  TextOutput(TextOutput&& from) noexcept
      : descriptor_(std::exchange(from.descriptor_, -1)),
        name_(std::move(from.name_)),
        left_(from.left_) {}
  TextOutput& operator=(TextOutput&&) = delete;
  ~TextOutput();

  /// Error unavailable. `left()`: because the reader closed its end (`| head`), which is its
  /// business.
  Result<void> write(std::string_view text);
  bool left() const { return left_; }

 private:
  TextOutput(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}

  int descriptor_;
  std::string name_;
  bool left_ = false;
};

/// Whether two paths name one file, also one that is not there yet; pipes and devices are none.
bool is_one_file(const std::string& a, const std::string& b);

}  // namespace ouzel
