/// Field tables of `source.kafka` and `kafka`.
#pragma once

#include <string>

#include "ouzel/log/kafka/kafka_spec.h"
#include "ouzel/spec/table.h"

namespace ouzel {

TableOf<KafkaSourceSpec> kafka_source_fields();

/// One field, `kafka`, to be included in the pipeline's table.
TableOf<KafkaSpec> kafka_fields();

/// The group and topics that the file leaves out, after the pipeline's name.
void name_the_rest(KafkaSourceSpec& spec, const std::string& pipeline);

}  // namespace ouzel
