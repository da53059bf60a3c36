/// Field tables of the sinks.
#pragma once

#include "ouzel/egress/sink_spec.h"
#include "ouzel/spec/table.h"

namespace ouzel {

TableOf<ReceiverSpec> webhook_fields();
TableOf<ReceiverSpec> http_sink_fields();
TableOf<FilesSpec> file_sink_fields();
/// One entry of `sinks`.
TableOf<SinkSpec> sink_fields();

/// What is wrong with all sinks together (names), or with one beyond its fields; empty: nothing.
std::string sinks_fault(const std::vector<SinkSpec>& sinks);

}  // namespace ouzel
