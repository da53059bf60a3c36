#include "ouzel/tool/text_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace ouzel {

Result<TextOutput> TextOutput::open(const std::string& path) {
  if (path == "-") return TextOutput(STDOUT_FILENO, "stdout");
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (descriptor < 0) {
    return fail(ErrorCode::config, "cannot open " + path + ": " + std::strerror(errno));
  }
  return TextOutput(descriptor, path);
}

TextOutput::~TextOutput() {
  if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
}

Result<void> TextOutput::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor_, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      left_ = errno == EPIPE;
      return fail(ErrorCode::unavailable, name_ + ": " + std::strerror(errno));
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

bool is_one_file(const std::string& a, const std::string& b) {
  namespace fs = std::filesystem;
  if (a == "-" || b == "-") return false;
  std::error_code none;
  if (fs::exists(a, none) && fs::exists(b, none)) {
    return fs::is_regular_file(a, none) && fs::equivalent(a, b, none);
  }
  return fs::weakly_canonical(a, none) == fs::weakly_canonical(b, none);
}

}  // namespace ouzel
