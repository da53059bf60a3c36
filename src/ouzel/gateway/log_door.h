/// The Door in front of a Log.
#pragma once

#include <memory>
#include <vector>

#include "ouzel/gateway/door.h"
#include "ouzel/log/inbox.h"

namespace ouzel {

struct LogDoorOptions {
  std::uint64_t in_flight_max = 200'000;  ///< Rows of all partitions.
  std::size_t frame_bytes_max = 1 << 20;  ///< Longer requests become several frames.
};

class LogDoor final : public Door {
 public:
  /// All must outlive the door.
  LogDoor(Log& log, const Clock& clock, std::vector<std::unique_ptr<PartitionInput>>& partitions,
          LogDoorOptions options);
  DoorAnswer admit(PartitionId partition, DoorRequest request) override;

 private:
  std::uint64_t find_duplicates(PartitionInput& input, const DoorRequest& request,
                                std::vector<std::uint8_t>& duplicate) const;
  void append_rows(PartitionId partition, PartitionInput& input, DoorRequest& request,
                   WallTime accepted);

  Log& log_;
  const Clock& clock_;
  std::vector<std::unique_ptr<PartitionInput>>& partitions_;
  const LogDoorOptions options_;
};

}  // namespace ouzel
