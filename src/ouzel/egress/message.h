/// Message: what a sink sends at once: one outcome, or a run of outcomes of one commit. Values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ouzel/base/types.h"
#include "ouzel/log/record_source.h"

namespace ouzel {

/// Which rows stand in one message is a function of the log alone, so that after a crash the same
/// message is sent again under the same key.
struct Message {
  PartitionId partition{};
  Offset first{};
  Offset last{};        ///< Of the last outcome in it.
  RecordPlace source;   ///< Where it stands in Kafka, if it comes from there.
  WallTime accepted{};  ///< Acceptance of the newest event of its commit.
  std::uint32_t events = 0;
  std::string lines;  ///< Structured CloudEvents (CONTRACT.md, "An outcome"), each with a newline.
};

/// `pipeline/partition/offset/sink`; a run of several: `pipeline/partition/first-last/sink`.
std::string idempotency_key(std::string_view pipeline, std::string_view sink,
                            const Message& message);

/// The parts of one rendered outcome that binary mode puts into headers. Views into the line.
struct EventParts {
  std::string_view id, source, type, time, data;  ///< `time` may be empty.
};
EventParts split_event(std::string_view line);

}  // namespace ouzel
