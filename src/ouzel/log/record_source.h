/// RecordSource: a member of a consumer group that reads a topic for somebody who passes its
/// records on (log/kafka/group_reader.h). The group remembers how far its members have come, and
/// moves partitions between them.
///
/// One thread, and the taker is called within `poll` and `close` only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "ouzel/base/error.h"
#include "ouzel/log/record.h"

namespace ouzel {

/// The next record to read of a partition.
struct RecordPlace {
  PartitionId partition{};
  Offset next{};
};

class RecordTaker {
 public:
  virtual ~RecordTaker() = default;
  /// The partition is this member's from now on, and is read from there.
  virtual void come(RecordPlace from) = 0;
  /// Valid for the call. Of one partition in ascending order, with holes.
  virtual void take(const Record& record) = 0;
  /// All records before it have been taken, and there is nothing more for now.
  virtual void at_end(RecordPlace place) = 0;
  /// What stands before it is there, but for the newest of late; for showing only.
  virtual void seen_to(RecordPlace end) = 0;
  /// So many offsets were removed before they were read.
  virtual void removed(PartitionId partition, std::uint64_t offsets) = 0;
  /// The partition goes once this returns. `lost`: it has gone, nothing can be committed.
  virtual void leave(PartitionId partition, bool lost) = 0;
};

class RecordSource {
 public:
  virtual ~RecordSource() = default;
  /// Gives `taker` what has come, about `max` records at most, waiting for the first up to `limit`.
  /// Returns how many there were. Error unavailable: none, and no broker answers.
  virtual Result<std::size_t> poll(std::chrono::milliseconds limit, std::size_t max,
                                   RecordTaker& taker) = 0;
  /// No records of the partitions it has until told otherwise; it must be polled all the same, so
  /// that the group knows that it lives.
  virtual void pause(bool paused) = 0;
  /// Durable when it returns. Errors: retry, unavailable; it may have been done all the same.
  virtual Result<void> commit(std::span<const RecordPlace> places) = 0;
  /// Leaves the group.
  virtual void close(RecordTaker& taker) = 0;
};

}  // namespace ouzel
