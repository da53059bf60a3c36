/// `ouzel tap --pipeline FILE`: the topics of a pipeline whose log is Kafka.
#pragma once

#include "ouzel/tool/tap.h"

namespace ouzel {

/// Reads what is committed, without a group: it moves nobody's offsets. Returns the exit code.
int tap_kafka(const TapOptions& options);

}  // namespace ouzel
