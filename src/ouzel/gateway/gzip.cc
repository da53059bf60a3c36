// The one file that knows zlib.

#include <zlib.h>

#include <vector>

#include "ouzel/base/check.h"
#include "ouzel/gateway/byte_source.h"

namespace ouzel {
namespace {

constexpr std::size_t kInputBytes = 64 << 10;
constexpr int kGzipWindow = 15 + 16;  // The largest window; 16: gzip, not zlib.

class Gunzip final : public ByteSource {
 public:
  explicit Gunzip(std::unique_ptr<ByteSource> source)
      : source_(std::move(source)), input_(kInputBytes) {
    OUZEL_CHECK(::inflateInit2(&stream_, kGzipWindow) == Z_OK);
  }
  ~Gunzip() override { ::inflateEnd(&stream_); }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  Result<std::size_t> read(char* out, std::size_t size) override {
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out == size) {
      if (stream_.avail_in == 0) {
        OUZEL_TRY(const bool more, refill());
        if (!more) return 0;
      }
      if (between_) {
        OUZEL_CHECK(::inflateReset(&stream_) == Z_OK);
        between_ = false;
      }
      const int done = ::inflate(&stream_, Z_NO_FLUSH);
      if (done == Z_STREAM_END) {
        between_ = true;
      } else if (done != Z_OK && done != Z_BUF_ERROR) {
        const char* why = stream_.msg == nullptr ? "not gzip" : stream_.msg;
        return fail(ErrorCode::corrupt, std::string("gzip: ") + why);
      }
    }
    return size - stream_.avail_out;
  }
  std::uint64_t bytes_read() const override { return source_->bytes_read(); }

 private:
  /// False: at the end, which is right only between two members.
  Result<bool> refill() {
    OUZEL_TRY(const std::size_t count, source_->read(input_.data(), input_.size()));
    if (count == 0 && !between_) {
      return fail(ErrorCode::corrupt, "gzip: the file ends in the middle");
    }
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(count);
    return count > 0;
  }

  std::unique_ptr<ByteSource> source_;
  std::vector<char> input_;
  z_stream stream_{};
  bool between_ = true;  ///< Two members, or in front of the first.
};

}  // namespace

std::unique_ptr<ByteSource> gunzip(std::unique_ptr<ByteSource> source) {
  return std::make_unique<Gunzip>(std::move(source));
}

}  // namespace ouzel
