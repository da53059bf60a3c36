#include "ouzel/log/kafka/recent_frames.h"

#include <algorithm>

namespace ouzel {

void RecentFrames::push(FrameHeader header, Body body) {
  const std::lock_guard lock(mutex_);
  header.position = end_;
  end_ = header.end();
  bytes_ += header.bytes_on_disk();
  frames_.push_back({header, std::move(body)});
  while (bytes_ > bytes_max_ && frames_.size() > 1) {
    bytes_ -= frames_.front().header.bytes_on_disk();
    frames_.pop_front();
  }
}

std::optional<RecentFrames::Frame> RecentFrames::at(LogPosition from) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::lower_bound(
      frames_.begin(), frames_.end(), from,
      [](const Frame& frame, LogPosition place) { return frame.header.position < place; });
  if (found == frames_.end()) return std::nullopt;
  return *found;
}

LogPosition RecentFrames::oldest_locked() const {
  return frames_.empty() ? end_ : frames_.front().header.position;
}

LogPosition RecentFrames::oldest() const {
  const std::lock_guard lock(mutex_);
  return oldest_locked();
}

LogPosition RecentFrames::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

LogPosition RecentFrames::find(Topic topic, PartitionId partition, Offset offset) const {
  const std::lock_guard lock(mutex_);
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    const FrameHeader& header = frame->header;
    if (header.topic == topic && header.partition == partition && header.base <= offset) {
      return header.position;
    }
  }
  return oldest_locked();
}

LogPosition RecentFrames::find(WallTime time) const {
  const std::lock_guard lock(mutex_);
  for (const Frame& frame : frames_) {
    if (frame.header.accepted >= time) return frame.header.position;
  }
  return end_;
}

Result<std::optional<FrameView>> RecentReader::next() {
  auto frame = frames_.at(position_);
  if (!frame) return std::optional<FrameView>();
  body_ = std::move(frame->body);
  position_ = frame->header.end();
  return FrameView{frame->header, *body_};
}

}  // namespace ouzel
