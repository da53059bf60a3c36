#include "ouzel/gateway/byte_source.h"

#include <algorithm>
#include <array>
#include <string_view>
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

constexpr std::size_t kLastBytesMax = 1024;
constexpr std::string_view kGzipMagic = "\x1f\x8b";

}  // namespace

FollowedBytes::FollowedBytes(std::unique_ptr<File> file, std::uint64_t position)
    : file_(std::move(file)), position_(position) {}

Result<std::size_t> FollowedBytes::read(char* out, std::size_t size) {
  if (written_anew_) return 0;
  OUZEL_TRY(const std::size_t count, file_->read(position_, out, size));
  // Looked at afterwards: what was read before the file was written anew is the old file's.
  OUZEL_TRY(const bool same, as_before());
  if (!same) {
    written_anew_ = true;
    return 0;
  }
  position_ += count;
  const std::size_t kept = std::min(count, kLastBytesMax);
  last_.append(out + count - kept, kept);
  if (last_.size() > kLastBytesMax) last_.erase(0, last_.size() - kLastBytesMax);
  return count;
}

Result<bool> FollowedBytes::as_before() const {
  std::array<char, kLastBytesMax> now;
  OUZEL_TRY(const std::size_t count,
            file_->read(position_ - last_.size(), now.data(), last_.size()));
  return std::string_view(now.data(), count) == last_;
}

std::unique_ptr<ByteSource> file_bytes(std::unique_ptr<File> file, std::uint64_t position) {
  return std::make_unique<FileBytes>(std::move(file), position);
}

Result<std::unique_ptr<ByteSource>> plain_bytes(std::unique_ptr<ByteSource> source, bool& gzip) {
  OUZEL_TRY(std::string first, take(*source, kGzipMagic.size()));
  gzip = first == kGzipMagic;
  std::unique_ptr<ByteSource> whole =
      std::make_unique<PutBack>(std::move(first), std::move(source));
  if (gzip) whole = gunzip(std::move(whole));
  return whole;
}

Result<std::string> take(ByteSource& source, std::size_t count) {
  std::string out(count, '\0');
  std::size_t have = 0;
  while (have < out.size()) {
    OUZEL_TRY(const std::size_t got, source.read(out.data() + have, out.size() - have));
    if (got == 0) break;
    have += got;
  }
  out.resize(have);
  return out;
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
