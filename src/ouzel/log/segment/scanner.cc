#include "ouzel/log/segment/scanner.h"

#include <algorithm>

#include "ouzel/base/bytes.h"
#include "ouzel/base/fault.h"
#include "ouzel/base/hash.h"

namespace ouzel {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;
constexpr std::string_view kFrameMagic = "OZF1";

}  // namespace

SegmentScanner::SegmentScanner(std::shared_ptr<const Segment> segment, LogPosition from)
    : segment_(std::move(segment)), position_(from) {}

/// At least `size` bytes at `at`, or fewer at the file's end. Valid until the next call. Nothing
/// from `limit` on is read, let alone kept: the writer may be writing there.
Result<std::string_view> SegmentScanner::bytes_at(LogPosition at, std::size_t size,
                                                  LogPosition limit) {
  const bool inside = at >= buffer_at_ && at + size <= buffer_at_ + buffer_.size();
  if (!inside) {
    buffer_.resize(std::min<std::uint64_t>(std::max(size, kReadBytes), limit - at));
    OUZEL_TRY(const std::size_t got,
              segment_->file->read(segment_->byte_of(at), buffer_.data(), buffer_.size()));
    buffer_.resize(got);
    buffer_at_ = at;
  }
  return std::string_view(buffer_).substr(at - buffer_at_);
}

Result<SegmentScanner::Found> SegmentScanner::next(LogPosition limit) {
  bad_header_.reset();
  if (position_ + kFrameHeaderBytes > limit) {
    return position_ == limit ? Found::end : Found::bad;
  }
  OUZEL_TRY(const std::string_view head, bytes_at(position_, kFrameHeaderBytes, limit));
  const auto header = read_header(head, segment_->header.log_id);
  if (!header) return Found::bad;
  const bool own =
      header->generation == segment_->header.generation && header->position == position_;
  if (!own && !fault(Fault::accept_recycled_frame)) return Found::bad;
  bad_header_ = *header;
  if (position_ + header->bytes_on_disk() > limit) return Found::bad;
  OUZEL_TRY(const std::string_view whole, bytes_at(position_, header->bytes_on_disk(), limit));
  if (whole.size() < header->bytes_on_disk()) return Found::bad;
  const std::string_view body = whole.substr(kFrameHeaderBytes, header->body_bytes);
  if (crc32c(body) != header->body_crc) return Found::bad;
  frame_ = {*header, body};
  bad_header_.reset();
  position_ += header->bytes_on_disk();
  return Found::frame;
}

Result<bool> SegmentScanner::resync(LogPosition limit) {
  // Behind a frame whose header is right stands the next one, if its length can be trusted.
  for (LogPosition at = position_ + 8; at + kFrameHeaderBytes <= limit;) {
    OUZEL_TRY(const std::string_view bytes, bytes_at(at, kFrameHeaderBytes, limit));
    if (bytes.size() < kFrameHeaderBytes) return false;
    const std::size_t hit = bytes.find(kFrameMagic);
    if (hit == std::string_view::npos) {
      at += (bytes.size() - (kFrameMagic.size() - 1)) & ~std::size_t{7};
      continue;
    }
    const std::size_t aligned = hit & ~std::size_t{7};
    if (aligned != hit) {
      at += aligned + 8;
      continue;
    }
    position_ = at + hit;
    const auto saved = position_;
    OUZEL_TRY(const Found found, next(limit));
    position_ = saved;
    if (found == Found::frame) return true;
    at = saved + 8;
  }
  return false;
}

}  // namespace ouzel
