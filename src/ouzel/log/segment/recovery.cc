#include "ouzel/log/segment/recovery.h"

#include <algorithm>

#include "ouzel/base/bytes.h"
#include "ouzel/base/fault.h"
#include "ouzel/log/segment/reader.h"
#include "ouzel/log/segment/scanner.h"

namespace ouzel {
namespace {

constexpr std::uint64_t kIndexBytes = 64 << 10;

/// A file of the directory that may be a segment.
struct Candidate {
  std::shared_ptr<Segment> segment;
  bool part = false;  ///< Its header counts.
};

bool all_zero(std::string_view bytes) { return bytes.find_first_not_of('\0') == bytes.npos; }

LogPosition file_limit(const Segment& segment) {
  return segment.header.base +
         (std::max<std::uint64_t>(segment.file_bytes, kPageBytes) - kPageBytes);
}

/// The header page does not count. If frames of the file's own generation prove that it once did
/// (one of them was written when the segment was already part of the durable log), the header is
/// made again from them.
Result<bool> rebuild_header(Segment& segment, std::string_view page, std::uint64_t log_id,
                            std::uint64_t generation) {
  std::string head(kFrameHeaderBytes, '\0');
  OUZEL_TRY(const std::size_t got, segment.file->read(kPageBytes, head.data(), head.size()));
  if (all_zero(page) && all_zero(std::string_view(head).substr(0, got))) return false;
  // Frames name their own position, so the base follows from any of them.
  std::string bytes(segment.file_bytes, '\0');
  OUZEL_TRY(const std::size_t size, segment.file->read(0, bytes.data(), bytes.size()));
  bool was_part = false;
  std::optional<LogPosition> base;
  for (std::size_t at = kPageBytes; at + kFrameHeaderBytes <= size; at += 8) {
    if (std::string_view(bytes).substr(at, 4) != "OZF1") continue;
    const auto header = read_header(std::string_view(bytes).substr(at), log_id);
    if (!header || header->generation != generation) continue;
    if (!base) {
      if (header->position.value() < at - kPageBytes) continue;
      base = LogPosition(header->position.value() - (at - kPageBytes));
    }
    was_part = was_part || header->synced_to > *base;
  }
  if (!was_part) return false;
  segment.header = {.log_id = log_id, .generation = generation, .base = *base};
  segment.rebuilt = true;
  return true;
}

Result<Candidate> open_candidate(FileSystem& fs, const std::string& path, std::uint64_t log_id,
                                 std::uint64_t generation, FoundLog& found) {
  Candidate out{.segment = std::make_shared<Segment>()};
  Segment& segment = *out.segment;
  segment.path = path;
  OUZEL_TRY(segment.file, fs.open(path, OpenMode::read));
  OUZEL_TRY(segment.file_bytes, segment.file->size());
  std::string page(kPageBytes, '\0');
  OUZEL_TRY(const std::size_t got, segment.file->read(0, page.data(), page.size()));
  page.resize(got);
  auto header = decode_segment_header(page);
  if (header && header->log_id == log_id && header->generation == generation) {
    segment.header = std::move(*header);
    out.part = true;
    return out;
  }
  if (header && header->generation == generation) {
    return fail(ErrorCode::config, path + " belongs to another log than this data directory");
  }
  if (!header && header.error().code == ErrorCode::config) {
    return fail(ErrorCode::config, path + ": " + header.error().message);
  }
  OUZEL_TRY(out.part, rebuild_header(segment, page, log_id, generation));
  if (out.part) found.notes.push_back(path + ": header page damaged, made again from its frames");
  return out;
}

/// The offsets at the beginning of a segment whose header page was lost: those behind the segment
/// before it, or, for the first one, where its own frames begin.
Result<void> rebuild_table(const std::shared_ptr<Segment>& before,
                           const std::shared_ptr<Segment>& segment) {
  NextOffsets& next = segment->header.next;
  const std::shared_ptr<Segment>& scanned = before ? before : segment;
  if (before) next = before->header.next;
  const LogPosition limit = before ? before->end : file_limit(*segment);
  SegmentScanner scanner(scanned, scanned->header.base);
  for (;;) {
    OUZEL_TRY(const SegmentScanner::Found found, scanner.next(limit));
    if (found == SegmentScanner::Found::frame) {
      const FrameHeader& header = scanner.frame().header;
      if (before) advance(next, header);
      if (!before && header.rows > 0) {
        next.try_emplace({header.topic, header.partition}, header.base);
      }
      continue;
    }
    if (found == SegmentScanner::Found::end) return {};
    OUZEL_TRY(const bool more, scanner.resync(limit));
    if (!more) return {};
  }
}

/// One scan of the last segment: gaps, and what the log looked like before each of them.
struct TailScan {
  struct Gap {
    LogPosition from{}, to{};
    std::optional<PartitionId> partition;
    NextOffsets next;
    std::size_t index_size = 0;
  };
  std::vector<Gap> gaps;
  LogPosition end{};
  LogPosition synced{};
  NextOffsets next;
  bool sealed = false;
  std::uint64_t seen_bytes = 0;
};

Result<TailScan> scan_tail(const std::shared_ptr<Segment>& segment) {
  TailScan scan{
      .end = segment->header.base, .synced = segment->header.base, .next = segment->header.next};
  const LogPosition limit = file_limit(*segment);
  SegmentScanner scanner(segment, segment->header.base);
  for (;;) {
    OUZEL_TRY(const SegmentScanner::Found found, scanner.next(limit));
    if (found == SegmentScanner::Found::frame) {
      const FrameHeader& header = scanner.frame().header;
      scan.synced = std::max(scan.synced, header.synced_to);
      scan.sealed = header.topic == Topic::seal;
      scan.end = scanner.position();
      advance(scan.next, header);
      index_frame(*segment, header);
      continue;
    }
    TailScan::Gap gap{.from = scanner.position(),
                      .to = limit,
                      .next = scan.next,
                      .index_size = segment->index.size()};
    const std::optional<FrameHeader> bad = scanner.bad_header();
    bool more = false;
    if (found == SegmentScanner::Found::bad && !fault(Fault::truncate_at_bad_frame)) {
      OUZEL_TRY(more, scanner.resync(limit));
    }
    if (more) gap.to = scanner.position();
    // A gap may hold frames of several partitions: then no single one can be blamed.
    if (bad && gap.to == gap.from + bad->bytes_on_disk()) gap.partition = bad->partition;
    scan.gaps.push_back(std::move(gap));
    if (!more) return scan;
  }
}

/// Sorts the gaps of the last segment into damage and the torn tail, and sets the log's end.
Result<void> judge_tail(FoundLog& found, LogPosition witnessed) {
  const auto& last = found.segments.back();
  OUZEL_TRY(TailScan scan, scan_tail(last));
  const LogPosition proven = std::max(scan.synced, witnessed);
  found.end = scan.end;
  found.next = scan.next;
  found.sealed = scan.sealed;
  for (const TailScan::Gap& gap : scan.gaps) {
    if (gap.from < proven && !fault(Fault::truncate_at_bad_frame)) {
      const LogPosition to = gap.to == file_limit(*last) ? std::max(proven, gap.from) : gap.to;
      found.damage.push_back(
          {gap.from, to, gap.partition, describe_damage(*last, gap.from, to, gap.partition)});
      continue;
    }
    if (gap.from < scan.end) {
      found.cut_bytes = scan.end - gap.from;
      found.sealed = false;
    }
    found.end = gap.from;
    found.next = gap.next;
    last->index.resize(gap.index_size);
    break;
  }
  // Positions that a snapshot names are never given to other frames.
  if (!found.damage.empty()) found.end = std::max(found.end, witnessed);
  found.proven = std::min(proven, found.end);
  last->end = found.end;
  last->indexed = true;
  return {};
}

}  // namespace

void advance(NextOffsets& next, const FrameHeader& header) {
  if (header.topic == Topic::mark || header.topic == Topic::seal) return;
  Offset& at = next[{header.topic, header.partition}];
  at = std::max(at, header.base + header.rows);
}

void index_frame(Segment& segment, const FrameHeader& header) {
  if (header.rows == 0) return;
  for (auto entry = segment.index.rbegin(); entry != segment.index.rend(); ++entry) {
    if (header.position - entry->position >= kIndexBytes) break;
    if (entry->topic == header.topic && entry->partition == header.partition) return;
  }
  segment.index.push_back(
      {header.topic, header.partition, header.base, header.accepted, header.position});
}

Result<FoundLog> find_log(FileSystem& fs, const std::string& directory, std::uint64_t log_id,
                          LogPosition witnessed) {
  FoundLog found;
  OUZEL_TRY(const std::vector<std::string> names, fs.list(directory));
  for (const std::string& name : names) {
    const auto generation = generation_of(name);
    if (!generation) continue;
    found.generation_max = std::max(found.generation_max, *generation);
    const std::string path = directory + "/" + name;
    OUZEL_TRY(Candidate candidate, open_candidate(fs, path, log_id, *generation, found));
    if (!candidate.part) {
      found.prepared.push_back(path);
      continue;
    }
    if (!found.segments.empty()) {
      Segment& before = *found.segments.back();
      before.complete = true;
      before.end = candidate.segment->header.base;
    }
    if (candidate.segment->rebuilt) {
      const auto before = found.segments.empty() ? nullptr : found.segments.back();
      OUZEL_TRY_VOID(rebuild_table(before, candidate.segment));
    }
    found.segments.push_back(std::move(candidate.segment));
  }
  if (found.segments.empty()) {
    found.end = found.proven = witnessed;
    if (witnessed > LogPosition(0)) {
      found.damage.push_back({LogPosition(0), witnessed, std::nullopt,
                              directory +
                                  ": its segments are gone, though a snapshot names log "
                                  "position " +
                                  std::to_string(witnessed.value())});
    }
    return found;
  }
  OUZEL_TRY_VOID(judge_tail(found, witnessed));
  return found;
}

}  // namespace ouzel
