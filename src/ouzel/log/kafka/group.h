/// What a consumer group knows of a partition, and the text that a commit leaves beside its offset.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ouzel/base/hash.h"
#include "ouzel/base/types.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {

/// Where a group stands in a partition.
struct GroupOffset {
  PartitionId partition{};
  std::optional<Offset> offset;  ///< The next to read; absent: never committed.
  std::string metadata;
};

/// The metadata of a committed offset. Offset, plan and totals are committed in one transaction
/// with the outcomes, so it says of Kafka what the outcome frame says of own files. Bounded by what
/// brokers take by default (4,096 bytes).
struct CommitNote {
  Hash128 plan;                  ///< In force at the offset.
  Offset plan_since{};           ///< The first event that this plan decided.
  Offset began{};                ///< The first event that the partition's state knows.
  std::uint16_t partitions = 0;  ///< Of the topic; another number moves keys.
  std::string owner;             ///< transactional.id of who committed.
  Totals totals;
};

std::string to_text(const CommitNote& note);
/// nullopt: no note of ours (another program committed, or an unknown version).
std::optional<CommitNote> read_note(std::string_view text);

}  // namespace ouzel
