/// BinaryOutcome: an outcome as a record of topic `<name>-outcomes`, a CloudEvent in binary mode,
/// and the same outcome as the line that `render` (outcome/outcome.h) makes of it. Views into the
/// record.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ouzel/egress/feed.h"
#include "ouzel/log/record.h"

namespace ouzel {

struct BinaryOutcome {
  PartitionId partition{};  ///< Of the event; so is the offset.
  Offset offset{};
  std::string_view id, source, time;  ///< `time` may be empty.
  std::string_view data;
  bool rejected = false;
  std::string_view route;  ///< Empty for a rejected one.

  bool is_wanted(const FeedOptions& options) const;
  /// Appends the line, without its end.
  void render(std::string& out) const;
};

/// nullopt: the record is no outcome of this format.
std::optional<BinaryOutcome> read_binary_outcome(const Record& record);

}  // namespace ouzel
