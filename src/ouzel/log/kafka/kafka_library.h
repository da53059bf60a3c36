/// What this build has of Kafka: librdkafka, linked in where scripts/setup could build it.
#pragma once

#include <string>

namespace ouzel {

/// Whether `source.kafka` can run at all.
bool kafka_built_in();
/// librdkafka's own version, "2.15.1"; empty without it.
std::string kafka_library_version();

}  // namespace ouzel
