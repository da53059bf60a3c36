/// Segment files made ready in the background: zero-filled (or recycled), synced together with
/// their directory before first use, so that the writer never waits for the disk to allocate.
///
/// Thread-safe. `prepare` belongs to one background thread; it is the slow part.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ouzel/base/file_system.h"
#include "ouzel/log/segment/segment_file.h"

namespace ouzel {

struct SpareOptions {
  std::string directory;
  std::uint64_t bytes_min = 1 << 20;   ///< Size of the first segment; then doubling,
  std::uint64_t bytes_max = 64 << 20;  ///< to this.
};

class SpareSegments {
 public:
  /// `generation`: the highest that any file of the directory has.
  SpareSegments(FileSystem& fs, SpareOptions options, std::uint64_t generation);

  /// Prepares one segment if none is ready or more room was asked for. True if there is one now
  /// that was not before.
  bool prepare();
  /// Asks for `bytes` of room; `prepare` sees to it.
  void want(std::uint64_t bytes);
  /// Takes a segment of at least `bytes`; its header has only the generation. Prepares one here and
  /// now if none fits. Errors: unavailable (disk full).
  Result<std::shared_ptr<Segment>> take(std::uint64_t bytes);
  /// Gives a file that is no longer part of the log back for another life.
  void recycle(std::string path);
  /// The same for a segment that retention removes: it leaves the log by losing its name, durably,
  /// before this returns. False: it keeps it, and so must all newer ones (a hole would be damage).
  bool retire(const std::string& path);
  /// Bytes of frames that the ready segments can hold.
  std::uint64_t room() const;
  /// Waits up to `limit` for `room()` to reach `bytes`; false if it does not.
  bool wait_for_room(std::uint64_t bytes, std::chrono::nanoseconds limit);
  /// Why the last `prepare` failed; empty if it did not.
  std::string failure() const;

 private:
  Result<std::shared_ptr<Segment>> make(std::uint64_t bytes);
  std::uint64_t next_size();
  std::uint64_t ready_room() const;  ///< Under the lock.

  FileSystem& fs_;
  const SpareOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Segment>> ready_;
  std::vector<std::string> recyclable_;
  std::uint64_t generation_;
  std::uint64_t taken_ = 0;  ///< Generation of the segment that was taken last.
  std::uint64_t next_bytes_;
  std::uint64_t wanted_bytes_ = 0;  ///< Room that somebody waits for.
  std::string failure_;
};

}  // namespace ouzel
