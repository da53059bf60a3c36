/// EventBytes: finds the bytes of accepted events in the log again, for rejects, which stand with
/// the event as it came. Keeps one frame and one reader of each partition: cheap where the asked
/// offsets ascend. One thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "ouzel/base/error.h"
#include "ouzel/log/log.h"

namespace ouzel {

/// Where event frames can be found again: of a running log, or of files.
struct EventSource {
  std::function<Result<LogPosition>(PartitionId, Offset)> find;
  std::function<std::unique_ptr<LogReader>(LogPosition)> read_from;
};
/// Of a log, which must outlive it.
EventSource events_of(Log& log);

class EventBytes {
 public:
  explicit EventBytes(EventSource events) : events_(std::move(events)) {}
  /// nullopt: the event is no longer retained, or damaged.
  std::optional<std::string> of(PartitionId partition, Offset offset);

 private:
  const EventSource events_;
  /// The event frame last read of each partition.
  struct Cached {
    FrameHeader header;
    std::string body;
    std::unique_ptr<LogReader> reader;
  };
  std::map<PartitionId, Cached> cached_;
};

}  // namespace ouzel
