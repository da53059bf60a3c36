/// LogReader over segment files: of a running log, or offline (`tap` on a data directory).
#pragma once

#include <functional>
#include <memory>

#include "ouzel/log/log.h"
#include "ouzel/log/segment/scanner.h"
#include "ouzel/log/segment/segment_set.h"

namespace ouzel {

class SegmentReader final : public LogReader {
 public:
  /// `set` must outlive the reader. Reads from `from`, or from the oldest frame if that is later,
  /// up to what `durable_end` says at each call. Marks and seals are passed over.
  SegmentReader(const SegmentSet& set, std::function<LogPosition()> durable_end, LogPosition from);

  Result<std::optional<FrameView>> next() override;
  LogPosition position() const override;
  const Damage& damage() const override { return damage_; }

 private:
  Result<std::optional<FrameView>> step_over(LogPosition limit);

  const SegmentSet& set_;
  std::function<LogPosition()> durable_end_;
  LogPosition from_;
  std::shared_ptr<const Segment> segment_;
  std::unique_ptr<SegmentScanner> scanner_;
  Damage damage_;
};

/// "FILE: bytes A to B are damaged (log positions …, partition …)"
std::string describe_damage(const Segment& segment, LogPosition from, LogPosition to,
                            const std::optional<PartitionId>& partition);

/// A data directory's log, opened for reading only. `alive`: its owner runs, so the durable end is
/// what the frames themselves prove; otherwise all of the valid prefix.
class OfflineLog {
 public:
  static Result<std::unique_ptr<OfflineLog>> open(FileSystem& fs, const std::string& directory,
                                                  std::uint64_t log_id, bool alive,
                                                  LogPosition witnessed = {});
  SegmentSet& set() { return *set_; }
  std::unique_ptr<LogReader> read_from(LogPosition from);
  LogPosition end() const { return end_; }
  const std::vector<Damage>& damage() const { return damage_; }
  const std::vector<std::string>& notes() const { return notes_; }
  const NextOffsets& next() const { return next_; }

 private:
  std::unique_ptr<SegmentSet> set_;
  LogPosition end_{};
  std::vector<Damage> damage_;
  std::vector<std::string> notes_;
  NextOffsets next_;
};

}  // namespace ouzel
