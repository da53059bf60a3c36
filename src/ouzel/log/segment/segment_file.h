/// One segment file: its name and its header page (docs/format/log.md, "Segment").
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ouzel/base/file_system.h"
#include "ouzel/base/types.h"
#include "ouzel/log/frame.h"

namespace ouzel {

/// The first offset of each topic and partition that does not stand before a point of the log.
using NextOffsets = std::map<std::pair<Topic, PartitionId>, Offset>;

struct SegmentHeader {
  std::uint64_t log_id = 0;
  std::uint64_t generation = 0;
  LogPosition base{};
  WallTime created{};
  NextOffsets next;
};

std::string segment_name(std::uint64_t generation);
/// The generation in a segment's name; nullopt: not such a name.
std::optional<std::uint64_t> generation_of(std::string_view name);

/// One page.
std::string encode(const SegmentHeader& header);
/// Errors: corrupt (no segment header here), config (of a newer version).
Result<SegmentHeader> decode_segment_header(std::string_view page);

/// One entry of the sparse index: a frame begins at `position`.
struct IndexEntry {
  Topic topic{};
  PartitionId partition{};
  Offset base{};
  WallTime accepted{};
  LogPosition position{};
};

/// A segment that is part of the log. Shared by the writer and its readers; only `end` (until the
/// segment is complete) and the index change, both under the owner's lock.
struct Segment {
  SegmentHeader header;
  std::shared_ptr<File> file;
  std::string path;
  std::uint64_t file_bytes = 0;
  bool rebuilt = false;           ///< The header was damaged and made again from frames.
  bool complete = false;          ///< It has a successor; `end` is final.
  LogPosition end{};              ///< Where its last frame ends, as far as it is known.
  std::vector<IndexEntry> index;  ///< In log order; at most one entry every 64 KiB a view.
  bool indexed = false;           ///< `index` covers the whole segment.
  bool index_on_disk = false;     ///< Or about to be.

  std::uint64_t byte_of(LogPosition at) const { return kPageBytes + (at - header.base); }
};

}  // namespace ouzel
