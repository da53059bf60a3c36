#include "ouzel/tool/text_input.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "ouzel/http/message.h"

namespace ouzel {
namespace {

class StandardInput final : public ByteSource {
 public:
  Result<std::size_t> read(char* out, std::size_t size) override {
    for (;;) {
      const ssize_t count = ::read(STDIN_FILENO, out, size);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        return fail(ErrorCode::unavailable, std::string("stdin: ") + std::strerror(errno));
      }
      read_ += static_cast<std::uint64_t>(count);
      return static_cast<std::size_t>(count);
    }
  }
  std::uint64_t bytes_read() const override { return read_; }

 private:
  std::uint64_t read_ = 0;
};

}  // namespace

Result<TextInput> open_text_input(FileSystem& fs, const std::string& path) {
  TextInput out;
  std::unique_ptr<ByteSource> bytes = std::make_unique<StandardInput>();
  out.name = "stdin";
  if (path != "-") {
    OUZEL_TRY(auto file, fs.open(path, OpenMode::read));
    OUZEL_TRY(out.size, file->size());
    out.name = file_name_of(path);
    bytes = file_bytes(std::move(file), 0);
  }
  bool gzip = false;
  OUZEL_TRY(out.bytes, plain_bytes(std::move(bytes), gzip));
  return out;
}

std::string file_name_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return http::valid_utf8(slash == std::string::npos ? path : path.substr(slash + 1));
}

}  // namespace ouzel
