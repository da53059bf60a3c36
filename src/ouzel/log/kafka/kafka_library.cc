#include "ouzel/log/kafka/kafka_library.h"

#ifdef OUZEL_WITH_KAFKA
#include <librdkafka/rdkafka.h>
#endif

namespace ouzel {

#ifdef OUZEL_WITH_KAFKA
bool kafka_built_in() { return true; }
std::string kafka_library_version() { return rd_kafka_version_str(); }
#else
bool kafka_built_in() { return false; }
std::string kafka_library_version() { return {}; }
#endif

}  // namespace ouzel
