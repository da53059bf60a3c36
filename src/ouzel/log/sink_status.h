/// What a reader of the log that sends outcomes on (a sink, egress) shows of itself:
/// /metrics, /readyz?verbose, /api/v1/status. A value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/types.h"

namespace ouzel {

struct SinkStatus {
  std::string name;
  std::string kind;             ///< webhook, http or file.
  std::string target;           ///< Origin of the receiver, or the directory.
  std::string trouble;          ///< Why it does not get on; empty: it does.
  std::uint64_t delivered = 0;  ///< Outcomes, since this process started; so are the next three.
  std::uint64_t retries = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t skipped = 0;
  /// Outcomes that are there for it and not done, where its source is Kafka.
  std::optional<std::uint64_t> lag;
  std::vector<Offset> next;  ///< Of each partition; the greatest number: not known yet.
};

}  // namespace ouzel
