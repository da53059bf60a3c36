/// Reads the frames of one segment file one after the other, in bounded memory. Shared by recovery,
/// readers and the offline `tap`; it decides what counts as a frame, and nothing else does.
#pragma once

#include <optional>
#include <string>

#include "ouzel/log/log.h"
#include "ouzel/log/segment/segment_file.h"

namespace ouzel {

class SegmentScanner {
 public:
  /// Starts at `from`, a frame's beginning. Keeps the segment alive. One thread.
  SegmentScanner(std::shared_ptr<const Segment> segment, LogPosition from);

  enum class Found : std::uint8_t {
    frame,  ///< `frame()` is whole and right.
    bad,    ///< What stands at `position()` does not count as a frame.
    end,    ///< `limit` is reached.
  };
  /// Looks at the frame at `position()`, which must end at or below `limit`; steps behind it if it
  /// is right. Errors: unavailable (the file cannot be read).
  Result<Found> next(LogPosition limit);
  const FrameView& frame() const { return frame_; }
  LogPosition position() const { return position_; }
  /// After `bad`: the header, if the header alone is right.
  const std::optional<FrameHeader>& bad_header() const { return bad_header_; }
  /// After `bad`: moves to the next frame that counts, below `limit`. False: there is none.
  Result<bool> resync(LogPosition limit);
  void move_to(LogPosition at) { position_ = at; }

 private:
  Result<std::string_view> bytes_at(LogPosition at, std::size_t size, LogPosition limit);

  std::shared_ptr<const Segment> segment_;
  LogPosition position_;
  FrameView frame_;
  std::optional<FrameHeader> bad_header_;
  std::string buffer_;
  LogPosition buffer_at_{};
};

}  // namespace ouzel
