#include "ouzel/tool/text_input.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "ouzel/http/message.h"

namespace ouzel {
namespace {

class DescriptorBytes final : public ByteSource {
 public:
  DescriptorBytes(int descriptor, std::string name)
      : descriptor_(descriptor), name_(std::move(name)) {}
  ~DescriptorBytes() override {
    if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
  }
  DescriptorBytes(const DescriptorBytes&) = delete;
  DescriptorBytes& operator=(const DescriptorBytes&) = delete;

  Result<std::size_t> read(char* out, std::size_t size) override {
    for (;;) {
      const ssize_t count = ::read(descriptor_, out, size);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        return fail(ErrorCode::unavailable, name_ + ": " + std::strerror(errno));
      }
      read_ += static_cast<std::uint64_t>(count);
      return static_cast<std::size_t>(count);
    }
  }
  std::uint64_t bytes_read() const override { return read_; }

 private:
  const int descriptor_;
  const std::string name_;
  std::uint64_t read_ = 0;
};

Result<std::unique_ptr<ByteSource>> open_stream(const std::string& path) {
  if (path == "-") return std::make_unique<DescriptorBytes>(STDIN_FILENO, "stdin");
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor >= 0) return std::make_unique<DescriptorBytes>(descriptor, path);
  return fail(ErrorCode::unavailable, "cannot open " + path + ": " + std::strerror(errno));
}

}  // namespace

Result<TextInput> open_text_input(FileSystem& fs, const std::string& path) {
  TextInput out;
  std::unique_ptr<ByteSource> bytes;
  out.name = path == "-" ? "stdin" : file_name_of(path);
  std::error_code none;
  out.is_file = path != "-" && std::filesystem::is_regular_file(path, none);
  if (out.is_file) {
    OUZEL_TRY(auto file, fs.open(path, OpenMode::read));
    OUZEL_TRY(out.size, file->size());
    bytes = file_bytes(std::move(file), 0);
  } else {
    OUZEL_TRY(bytes, open_stream(path));
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
