#include "ouzel/gateway/byte_source.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace ouzel {
namespace {

class FileBytes final : public ByteSource {
 public:
  FileBytes(std::unique_ptr<File> file, std::uint64_t position)
      : file_(std::move(file)), position_(position) {}
  Result<std::size_t> read(char* out, std::size_t size) override {
    OUZEL_TRY(const std::size_t count, file_->read(position_, out, size));
    position_ += count;
    return count;
  }
  std::uint64_t bytes_read() const override { return position_; }

 private:
  std::unique_ptr<File> file_;
  std::uint64_t position_;
};

/// A source whose first bytes were read already.
class PutBack final : public ByteSource {
 public:
  PutBack(std::string first, std::unique_ptr<ByteSource> rest)
      : first_(std::move(first)), rest_(std::move(rest)) {}
  Result<std::size_t> read(char* out, std::size_t size) override {
    if (at_ == first_.size()) return rest_->read(out, size);
    const std::size_t count = std::min(size, first_.size() - at_);
    std::copy_n(first_.data() + at_, count, out);
    at_ += count;
    return count;
  }
  std::uint64_t bytes_read() const override { return rest_->bytes_read(); }

 private:
  std::string first_;
  std::size_t at_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

constexpr std::string_view kGzipMagic = "\x1f\x8b";

}  // namespace

std::unique_ptr<ByteSource> file_bytes(std::unique_ptr<File> file, std::uint64_t position) {
  return std::make_unique<FileBytes>(std::move(file), position);
}

Result<std::unique_ptr<ByteSource>> plain_bytes(std::unique_ptr<ByteSource> source, bool& gzip) {
  std::string first(kGzipMagic.size(), '\0');
  std::size_t have = 0;
  while (have < first.size()) {
    OUZEL_TRY(const std::size_t count, source->read(first.data() + have, first.size() - have));
    if (count == 0) break;
    have += count;
  }
  first.resize(have);
  gzip = first == kGzipMagic;
  std::unique_ptr<ByteSource> whole =
      std::make_unique<PutBack>(std::move(first), std::move(source));
  if (gzip) whole = gunzip(std::move(whole));
  return whole;
}

Result<void> skip(ByteSource& source, std::uint64_t count) {
  std::vector<char> away(64 << 10);
  while (count > 0) {
    OUZEL_TRY(const std::size_t got,
              source.read(away.data(), std::min<std::uint64_t>(count, away.size())));
    if (got == 0) {
      return fail(ErrorCode::corrupt,
                  "ends " + std::to_string(count) + " bytes before the place to go on from");
    }
    count -= got;
  }
  return {};
}

}  // namespace ouzel
