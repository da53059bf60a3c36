/// Opens what a crash, a clean stop or a power cut left, and decides what is the log: the longest
/// valid prefix; what is damage; where the torn tail is cut (DESIGN.md, "segment", Recovery).
/// Reads only; SegmentLog carries out what follows from it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/file_system.h"
#include "ouzel/log/log.h"
#include "ouzel/log/segment/segment_file.h"

namespace ouzel {

struct FoundLog {
  std::vector<std::shared_ptr<Segment>> segments;  ///< In log order; empty: a new log.
  std::vector<std::string> prepared;               ///< Paths of files that are not part of it.
  std::uint64_t generation_max = 0;                ///< Of any file name.
  LogPosition end{};                               ///< Behind the last frame of the prefix.
  LogPosition proven{};                            ///< Known to be on disk, not only in the cache.
  NextOffsets next;                                ///< At `end`.
  std::vector<Damage> damage;                      ///< In the last segment; earlier ones when read.
  std::uint64_t cut_bytes = 0;                     ///< Of a torn tail, as far as frames are seen.
  bool sealed = false;                             ///< The last frame is a seal.
  std::vector<std::string> notes;                  ///< Repaired and harmless, but worth a line.
};

/// Looks at `directory`. `witnessed`: the highest log position that a snapshot, a cursor or a
/// control record names. Errors: unavailable, config (another log's or version's files).
Result<FoundLog> find_log(FileSystem& fs, const std::string& directory, std::uint64_t log_id,
                          LogPosition witnessed);

/// Advances `next` by a frame.
void advance(NextOffsets& next, const FrameHeader& header);
/// Adds a frame to a segment's sparse index if it is far enough from the last entry of its view.
void index_frame(Segment& segment, const FrameHeader& header);

}  // namespace ouzel
