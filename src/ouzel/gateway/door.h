/// Door: where events become accepted. One for each partition; it finds duplicates, gives offsets,
/// appends the event frame to the log and hands the frame with its decoded batch to the lane, in
/// the same order. Bounded: beyond `in_flight_max` rows it refuses, and the sender may try again.
///
/// Thread-safe; I/O threads call it. The critical section is short: a hash probe a row.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/batch/batch.h"
#include "ouzel/decode/decoder.h"
#include "ouzel/log/log.h"

namespace ouzel {

/// Events of one request for one partition: rows of `batch` and their records (log.md) in step.
struct DoorRequest {
  Batch batch;
  std::string records;                    ///< Event records, one after the other.
  std::vector<std::uint32_t> record_end;  ///< End of each row's record in `records`.
};

/// Adds one event to a request.
void add(DoorRequest& request, const DecodedRow& row, const Envelope& envelope,
         std::string_view bytes);

struct DoorAnswer {
  std::uint32_t accepted = 0;
  std::uint32_t duplicates = 0;
  /// Refused as a whole, `unavailable` with retry: why. Then nothing was accepted.
  std::string unavailable;
  bool overloaded = false;  ///< unavailable because of too much in flight (429).
  /// Of the first row accepted; of a request whose one row is a duplicate, its original's.
  std::optional<Offset> first;
  /// Answer the sender only when the log is durable up to here (duplicates wait for their
  /// original).
  AppendNumber wait_for{};
};

class Door {
 public:
  virtual ~Door() = default;
  /// Takes over the request's batch and records. Does not flush the log: the lane does.
  virtual DoorAnswer admit(PartitionId partition, DoorRequest request) = 0;
};

}  // namespace ouzel
