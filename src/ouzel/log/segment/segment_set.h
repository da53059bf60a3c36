/// The segments that make up the log, oldest first, and what is asked about them: where an offset
/// or a time stands, how many bytes, which may go. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ouzel/base/file_system.h"
#include "ouzel/log/segment/segment_file.h"

namespace ouzel {

class SegmentSet {
 public:
  SegmentSet(FileSystem& fs, std::vector<std::shared_ptr<Segment>> segments);

  /// Adds the next segment; the one before it is complete and ends at its base.
  void add(std::shared_ptr<Segment> segment);
  /// Frames of the newest segment became durable: its end moves, its index grows.
  void extend(LogPosition end, const std::vector<FrameHeader>& frames);

  LogPosition oldest() const;
  /// The oldest offset of a view that is still there (or would be).
  Offset oldest(Topic topic, PartitionId partition) const;
  std::uint64_t bytes() const;
  /// The segment that holds `at`, or the oldest one behind it; null if `at` is behind them all.
  std::shared_ptr<const Segment> holding(LogPosition at) const;
  /// Where frames of `segment` may be read up to, given the durable end.
  LogPosition limit(const Segment& segment, LogPosition durable_end) const;

  /// A frame's position at or before `offset` of a view; `oldest()` if it is no longer there.
  Result<LogPosition> find(Topic topic, PartitionId partition, Offset offset);
  /// A frame's position at or before the first one accepted at or after `time`.
  Result<LogPosition> find(WallTime time);

  struct Retention {
    WallTime created_before{};    ///< Older segments may go,
    std::uint64_t bytes_max = 0;  ///< and the oldest beyond so many bytes (0: no bound),
    LogPosition needed{};         ///< but nothing at or above this.
  };
  /// Takes the segments out that may go. Whoever still reads one keeps its file open.
  std::vector<std::shared_ptr<Segment>> expire(const Retention& retention);
  /// Writes the sparse index of each complete segment that has none on disk yet.
  void write_indexes();

 private:
  std::shared_ptr<Segment> with_index(std::size_t at);

  FileSystem& fs_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Segment>> segments_;
};

/// Loads or makes the sparse index of a complete segment.
Result<std::vector<IndexEntry>> load_index(FileSystem& fs, const std::shared_ptr<Segment>& segment);

}  // namespace ouzel
