#include "ouzel/app/text_output.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ouzel {

Result<TextOutput> TextOutput::open(FileSystem& fs, const std::string& path) {
  TextOutput out;
  if (path == "-") return out;
  OUZEL_TRY(out.file_, fs.open(path, OpenMode::create));
  OUZEL_TRY_VOID(out.file_->truncate(0));
  return out;
}

Result<void> TextOutput::write(std::string_view text) {
  if (file_ != nullptr) {
    OUZEL_TRY_VOID(file_->write(size_, text));
    size_ += text.size();
    return {};
  }
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      left_ = errno == EPIPE;
      return fail(ErrorCode::unavailable, std::string("stdout: ") + std::strerror(errno));
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace ouzel
