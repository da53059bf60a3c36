#include "ouzel/log/segment/segment_set.h"

#include <algorithm>

#include "ouzel/base/bytes.h"
#include "ouzel/base/hash.h"
#include "ouzel/log/segment/recovery.h"
#include "ouzel/log/segment/scanner.h"

namespace ouzel {
namespace {

constexpr std::string_view kIndexMagic = "OZIX\1\0\0\0";
constexpr std::size_t kIndexesKept = 16;

std::string index_path(const Segment& segment) {
  return segment.path.substr(0, segment.path.size() - 4) + ".idx";
}

std::string encode_index(const Segment& segment, const std::vector<IndexEntry>& index) {
  std::string out;
  ByteWriter writer(out);
  writer.put_bytes(kIndexMagic);
  writer.put(segment.header.generation);
  writer.put(segment.header.base.value());
  writer.put(static_cast<std::uint64_t>(index.size()));
  for (const IndexEntry& entry : index) {
    writer.put(static_cast<std::uint8_t>(entry.topic));
    writer.put(std::uint8_t{0});
    writer.put(entry.partition.value());
    writer.put(std::uint32_t{0});
    writer.put(entry.base.value());
    writer.put(static_cast<std::int64_t>(entry.accepted.time_since_epoch().count()));
    writer.put(entry.position.value());
  }
  writer.put(crc32c(out));
  return out;
}

std::optional<std::vector<IndexEntry>> decode_index(const Segment& segment, std::string_view in) {
  if (in.size() < kIndexMagic.size() + 28 || !in.starts_with(kIndexMagic)) return std::nullopt;
  const std::string_view content = in.substr(0, in.size() - 4);
  if (load<std::uint32_t>(in.data() + content.size()) != crc32c(content)) return std::nullopt;
  ByteReader reader(content.substr(kIndexMagic.size()));
  if (reader.get<std::uint64_t>() != segment.header.generation) return std::nullopt;
  if (reader.get<std::uint64_t>() != segment.header.base.value()) return std::nullopt;
  const auto count = reader.get<std::uint64_t>();
  if (count != reader.left() / 32) return std::nullopt;
  std::vector<IndexEntry> index(count);
  for (IndexEntry& entry : index) {
    entry.topic = static_cast<Topic>(reader.get<std::uint8_t>());
    reader.get<std::uint8_t>();
    entry.partition = PartitionId(reader.get<std::uint16_t>());
    reader.get<std::uint32_t>();
    entry.base = Offset(reader.get<std::uint64_t>());
    entry.accepted = WallTime(std::chrono::nanoseconds(reader.get<std::int64_t>()));
    entry.position = LogPosition(reader.get<std::uint64_t>());
  }
  return index;
}

/// Reads the whole segment; damage is stepped over (whoever reads there will be told).
Result<std::vector<IndexEntry>> make_index(const std::shared_ptr<Segment>& segment) {
  Segment scratch;
  scratch.header = segment->header;
  SegmentScanner scanner(segment, segment->header.base);
  for (;;) {
    OUZEL_TRY(const SegmentScanner::Found found, scanner.next(segment->end));
    if (found == SegmentScanner::Found::end) return std::move(scratch.index);
    if (found == SegmentScanner::Found::frame) {
      index_frame(scratch, scanner.frame().header);
      continue;
    }
    OUZEL_TRY(const bool more, scanner.resync(segment->end));
    if (!more) return std::move(scratch.index);
  }
}

}  // namespace

Result<std::vector<IndexEntry>> load_index(FileSystem& fs,
                                           const std::shared_ptr<Segment>& segment) {
  if (fs.exists(index_path(*segment))) {
    if (const auto bytes = read_file(fs, index_path(*segment))) {
      if (auto index = decode_index(*segment, *bytes)) return std::move(*index);
    }
  }
  return make_index(segment);
}

SegmentSet::SegmentSet(FileSystem& fs, std::vector<std::shared_ptr<Segment>> segments)
    : fs_(fs), segments_(std::move(segments)) {}

void SegmentSet::add(std::shared_ptr<Segment> segment) {
  const std::lock_guard lock(mutex_);
  if (!segments_.empty()) {
    segments_.back()->complete = true;
    segments_.back()->end = segment->header.base;
  }
  segments_.push_back(std::move(segment));
}

void SegmentSet::extend(LogPosition end, const std::vector<FrameHeader>& frames) {
  const std::lock_guard lock(mutex_);
  Segment& newest = *segments_.back();
  newest.end = end;
  for (const FrameHeader& header : frames) index_frame(newest, header);
}

LogPosition SegmentSet::oldest() const {
  const std::lock_guard lock(mutex_);
  return segments_.empty() ? LogPosition{} : segments_.front()->header.base;
}

Offset SegmentSet::oldest(Topic topic, PartitionId partition) const {
  const std::lock_guard lock(mutex_);
  if (segments_.empty()) return {};
  const NextOffsets& next = segments_.front()->header.next;
  const auto at = next.find({topic, partition});
  return at == next.end() ? Offset{} : at->second;
}

std::uint64_t SegmentSet::bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t bytes = 0;
  for (const auto& segment : segments_) bytes += segment->file_bytes;
  return bytes;
}

std::shared_ptr<const Segment> SegmentSet::holding(LogPosition at) const {
  const std::lock_guard lock(mutex_);
  for (const auto& segment : segments_) {
    if (!segment->complete || segment->end > at) return segment;
  }
  return nullptr;
}

LogPosition SegmentSet::limit(const Segment& segment, LogPosition durable_end) const {
  const std::lock_guard lock(mutex_);
  return segment.complete ? segment.end : durable_end;
}

/// The segment at index `at` with its sparse index, loaded without holding up the writer.
std::shared_ptr<Segment> SegmentSet::with_index(std::size_t at) {
  std::shared_ptr<Segment> segment;
  {
    const std::lock_guard lock(mutex_);
    segment = segments_[at];
    if (segment->indexed || !segment->complete) return segment;
  }
  auto index = load_index(fs_, segment);
  const std::lock_guard lock(mutex_);
  if (!index) return segment;
  std::size_t loaded = 0;
  for (const auto& other : segments_) loaded += other->indexed ? 1 : 0;
  for (const auto& other : segments_) {
    if (loaded <= kIndexesKept || !other->complete) break;
    if (!other->indexed || other == segment) continue;
    other->index = {};
    other->indexed = false;
    --loaded;
  }
  segment->index = std::move(*index);
  segment->indexed = true;
  return segment;
}

Result<LogPosition> SegmentSet::find(Topic topic, PartitionId partition, Offset offset) {
  std::size_t at = 0;
  {
    const std::lock_guard lock(mutex_);
    if (segments_.empty()) return LogPosition{};
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      const auto next = segments_[i]->header.next.find({topic, partition});
      const Offset first = next == segments_[i]->header.next.end() ? Offset{} : next->second;
      if (first <= offset) at = i;
    }
  }
  const auto segment = with_index(at);
  const std::lock_guard lock(mutex_);
  LogPosition found = segment->header.base;
  for (const IndexEntry& entry : segment->index) {
    if (entry.topic != topic || entry.partition != partition) continue;
    if (entry.base > offset) break;
    found = entry.position;
  }
  return found;
}

Result<LogPosition> SegmentSet::find(WallTime time) {
  std::size_t at = 0;
  {
    const std::lock_guard lock(mutex_);
    if (segments_.empty()) return LogPosition{};
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      if (segments_[i]->header.created < time) at = i;
    }
  }
  const auto segment = with_index(at);
  const std::lock_guard lock(mutex_);
  LogPosition found = segment->header.base;
  for (const IndexEntry& entry : segment->index) {
    if (entry.accepted >= time) break;
    found = entry.position;
  }
  return found;
}

std::vector<std::shared_ptr<Segment>> SegmentSet::expire(const Retention& retention) {
  std::vector<std::shared_ptr<Segment>> out;
  const std::lock_guard lock(mutex_);
  std::uint64_t bytes = 0;
  for (const auto& segment : segments_) bytes += segment->file_bytes;
  while (segments_.size() > 1 && segments_.front()->complete) {
    const Segment& first = *segments_.front();
    // A segment is as old as its youngest frame, which is older than its successor.
    const bool old = segments_[1]->header.created < retention.created_before;
    const bool much = retention.bytes_max > 0 && bytes > retention.bytes_max;
    if (first.end > retention.needed || !(old || much)) break;
    bytes -= first.file_bytes;
    out.push_back(std::move(segments_.front()));
    segments_.erase(segments_.begin());
  }
  return out;
}

void SegmentSet::write_indexes() {
  std::vector<std::shared_ptr<Segment>> todo;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& segment : segments_) {
      if (segment->complete && segment->indexed && !segment->index_on_disk) {
        segment->index_on_disk = true;
        todo.push_back(segment);
      }
    }
  }
  for (const auto& segment : todo) {
    // Best effort: a lost or torn index is made again from the segment.
    auto file = fs_.open(index_path(*segment), OpenMode::create);
    if (file) (void)(*file)->write(0, encode_index(*segment, segment->index));
  }
}

}  // namespace ouzel
