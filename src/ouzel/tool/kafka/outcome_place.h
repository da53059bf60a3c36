/// Where the outcome of an event is in its partition of the outcomes topic: found by halving, as
/// outcomes stand in the order of their events.
#pragma once

#include <chrono>

#include "ouzel/log/kafka/topic_reader.h"

namespace ouzel {

/// Leaves `reader`, which reads this partition only, at the first outcome of event `offset` or a
/// later one, or at its end. Where outcomes were repeated (at least once) it may be the second of
/// the event. Asks some 20 times, waiting up to `limit` for each answer. Errors: those of the
/// reader; unavailable: no answer in time.
Result<void> seek_outcome(TopicReader& reader, PartitionId partition, Offset offset,
                          std::chrono::milliseconds limit);

}  // namespace ouzel
