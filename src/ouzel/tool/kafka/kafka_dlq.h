/// `ouzel dlq --rejects`: the rejected events of a pipeline whose log is Kafka.
///
/// An event that is sent again is its original record, to the partition it came from; it keeps how
/// often it was rejected. Group `<group>-rejects` remembers how far that went, so that the next
/// time only newer ones are listed and sent. What an interruption cut off is sent again: at least
/// once.
#pragma once

#include "ouzel/tool/dlq.h"

namespace ouzel {

/// Returns the exit code.
int dlq_rejects(const DlqOptions& options);

}  // namespace ouzel
