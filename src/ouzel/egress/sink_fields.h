/// Field tables of the sinks.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/egress/sink_spec.h"
#include "ouzel/spec/table.h"

namespace ouzel {

TableOf<ReceiverSpec> webhook_fields();
TableOf<ReceiverSpec> http_sink_fields();
TableOf<FilesSpec> file_sink_fields();
/// One entry of `sinks`.
TableOf<SinkSpec> sink_fields();

struct SinksFault {
  std::size_t sink = 0;  ///< Its place in the list.
  std::string message;
  std::string hint;
};
/// What is wrong with all sinks together (names), or with one beyond its fields.
std::optional<SinksFault> sinks_fault(const std::vector<SinkSpec>& sinks);

}  // namespace ouzel
