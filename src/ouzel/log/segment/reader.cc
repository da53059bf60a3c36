#include "ouzel/log/segment/reader.h"

#include <algorithm>

#include "ouzel/log/segment/recovery.h"

namespace ouzel {

std::string describe_damage(const Segment& segment, LogPosition from, LogPosition to,
                            const std::optional<PartitionId>& partition) {
  return segment.path + ": bytes " + std::to_string(segment.byte_of(from)) + " to " +
         std::to_string(segment.byte_of(to)) + " are damaged (log positions " +
         std::to_string(from.value()) + " to " + std::to_string(to.value()) + ", partition " +
         (partition ? std::to_string(partition->value()) : std::string("unknown")) + ")";
}

SegmentReader::SegmentReader(const SegmentSet& set, std::function<LogPosition()> durable_end,
                             LogPosition from)
    : set_(set), durable_end_(std::move(durable_end)), from_(std::max(from, set.oldest())) {}

LogPosition SegmentReader::position() const { return scanner_ ? scanner_->position() : from_; }

Result<std::optional<FrameView>> SegmentReader::next() {
  for (;;) {
    if (!scanner_) {
      segment_ = set_.holding(from_);
      if (!segment_) return std::nullopt;
      scanner_ = std::make_unique<SegmentScanner>(segment_, std::max(from_, segment_->header.base));
    }
    const LogPosition limit = set_.limit(*segment_, durable_end_());
    if (scanner_->position() >= limit) {
      const auto after = set_.holding(scanner_->position());
      if (!after || after == segment_) return std::nullopt;
      from_ = scanner_->position();
      scanner_.reset();
      continue;
    }
    OUZEL_TRY(const SegmentScanner::Found found, scanner_->next(limit));
    if (found == SegmentScanner::Found::bad) return step_over(limit);
    if (found != SegmentScanner::Found::frame) continue;
    const Topic topic = scanner_->frame().header.topic;
    if (topic != Topic::mark && topic != Topic::seal) return scanner_->frame();
  }
}

Result<std::optional<FrameView>> SegmentReader::step_over(LogPosition limit) {
  const LogPosition from = scanner_->position();
  const std::optional<FrameHeader> bad = scanner_->bad_header();
  OUZEL_TRY(const bool more, scanner_->resync(limit));
  if (!more) scanner_->move_to(limit);
  const LogPosition to = scanner_->position();
  damage_ = {.from = from, .to = to, .partition = std::nullopt, .what = {}};
  if (bad && to == from + bad->bytes_on_disk()) damage_.partition = bad->partition;
  damage_.what = describe_damage(*segment_, from, to, damage_.partition);
  return fail(ErrorCode::corrupt, damage_.what);
}

Result<std::unique_ptr<OfflineLog>> OfflineLog::open(FileSystem& fs, const std::string& directory,
                                                     std::uint64_t log_id, bool alive,
                                                     LogPosition witnessed) {
  // While its owner goes on, a segment may be removed or begun between two steps of a look. What is
  // missing or damaged in truth is so at every look.
  constexpr int kLooks = 5;
  auto looked = find_log(fs, directory, log_id, witnessed);
  for (int look = 1; alive && look < kLooks && (!looked || !looked->damage.empty()); ++look) {
    looked = find_log(fs, directory, log_id, witnessed);
  }
  OUZEL_TRY(FoundLog found, std::move(looked));
  auto log = std::make_unique<OfflineLog>();
  log->set_ = std::make_unique<SegmentSet>(fs, std::move(found.segments));
  log->end_ = alive ? found.proven : found.end;
  log->damage_ = std::move(found.damage);
  log->notes_ = std::move(found.notes);
  log->next_ = std::move(found.next);
  return log;
}

std::unique_ptr<LogReader> OfflineLog::read_from(LogPosition from) {
  return std::make_unique<SegmentReader>(
      *set_, [this] { return end_; }, from);
}

}  // namespace ouzel
