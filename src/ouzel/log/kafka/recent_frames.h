/// RecentFrames: the frames that were committed lately, in memory, so that those who follow a log
/// (the API, streams) can follow one that lies in Kafka. Older ones are read from Kafka itself.
///
/// Thread-safe. Positions count the bytes that the frames would have on disk, from 0 at the start
/// of this process.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "ouzel/log/log.h"

namespace ouzel {

class RecentFrames {
 public:
  using Body = std::shared_ptr<const std::string>;
  struct Frame {
    FrameHeader header;
    Body body;
  };
  explicit RecentFrames(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  /// Gives the frame its position and keeps it.
  void push(FrameHeader header, Body body);
  /// The first frame at or behind `from`.
  std::optional<Frame> at(LogPosition from) const;
  LogPosition oldest() const;
  LogPosition end() const;
  LogPosition find(Topic topic, PartitionId partition, Offset offset) const;
  LogPosition find(WallTime time) const;

 private:
  LogPosition oldest_locked() const;

  const std::uint64_t bytes_max_;
  mutable std::mutex mutex_;
  std::deque<Frame> frames_;
  std::uint64_t bytes_ = 0;
  LogPosition end_{};
};

/// Reads them in order. `frames` must outlive it.
class RecentReader final : public LogReader {
 public:
  RecentReader(const RecentFrames& frames, LogPosition from) : frames_(frames), position_(from) {}
  Result<std::optional<FrameView>> next() override;
  const Damage& damage() const override { return damage_; }
  LogPosition position() const override { return position_; }

 private:
  const RecentFrames& frames_;
  LogPosition position_;
  RecentFrames::Body body_;
  Damage damage_;  ///< Memory has none.
};

}  // namespace ouzel
