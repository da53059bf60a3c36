/// The Log interface: append, read, commit. What lies above (lanes, doors, readers) knows only this
/// and not whether the log is own files (log/segment) or Kafka (log/kafka).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/base/types.h"
#include "ouzel/log/frame.h"

namespace ouzel {

/// One frame to append. `body` is moved in. The log assigns nothing but the place: offsets are the
/// partition's owner's (door for events, lane for outcomes).
struct FrameDraft {
  Topic topic = Topic::events;
  PartitionId partition{};
  Offset base{};
  std::uint32_t rows = 0;
  WallTime accepted{};
  std::string body;
};

/// A frame read back. `body` lives until the reader's next call.
struct FrameView {
  FrameHeader header;
  std::string_view body;
};

/// Called once: with no error when everything up to the append number is durable, else with the
/// log's failure. Runs on the log's writer thread: hand over, do not work.
using DurableCallback = std::function<void(const std::optional<Error>&)>;

/// A range of the log that cannot be read.
struct Damage {
  LogPosition from{};
  LogPosition to{};
  std::optional<PartitionId> partition;  ///< Absent: it cannot be told.
  std::string what;                      ///< A sentence with file and byte range.
};

/// Reads frames of the durable part of the log in their order. One thread.
class LogReader {
 public:
  virtual ~LogReader() = default;
  /// The next whole frame below the durable end; nullopt: nothing more for now. Error corrupt:
  /// damage, which `damage()` describes; the next call goes on behind it.
  virtual Result<std::optional<FrameView>> next() = 0;
  /// Of the last call that returned corrupt.
  virtual const Damage& damage() const = 0;
  /// Where the next frame begins.
  virtual LogPosition position() const = 0;
};

class Log {
 public:
  virtual ~Log() = default;
  /// Queues a frame; frames stand in the log in the order of these calls. Thread-safe. Never
  /// blocks: callers bound themselves (Door) and ask `admits_events` first.
  virtual AppendNumber append(FrameDraft draft) = 0;
  /// Wakes the writer: a round should be written now.
  virtual void flush() = 0;
  /// Calls back when everything up to `number` is durable; at once if it is. Thread-safe.
  virtual void when_durable(AppendNumber number, DurableCallback callback) = 0;
  /// Whether `bytes` more of events and their outcomes have room on disk beside all that is queued.
  /// False while the disk is full or the log has failed: `why` says so. May wait for a moment for a
  /// segment that is being prepared. Thread-safe.
  virtual bool has_room(std::uint64_t bytes, std::string* why) = 0;

  /// Everything below is on disk.
  virtual LogPosition durable_end() const = 0;
  virtual LogPosition oldest() const = 0;
  /// A reader that starts at a frame's position (or at `oldest()` if that is later).
  virtual std::unique_ptr<LogReader> read_from(LogPosition from) = 0;
  /// Position at or before the frame that holds `offset`; `oldest()` if it is no longer there.
  virtual Result<LogPosition> find(Topic topic, PartitionId partition, Offset offset) = 0;
  /// Position at or before the first frame accepted at or after `time`.
  virtual Result<LogPosition> find(WallTime time) = 0;
};

}  // namespace ouzel
