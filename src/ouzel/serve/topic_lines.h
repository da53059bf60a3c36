/// TopicLines: frames of a log as lines of NDJSON, for `tap` and whoever shows a topic. Knows how
/// an event, an outcome and a reject look; where frames come from is the caller's.
///
/// One thread. A reject stands with its event's bytes, which are read back from the log.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/gateway/event_bytes.h"
#include "ouzel/log/log.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {

enum class ShownTopic : std::uint8_t { events, outcomes, rejects };

/// `outcomes`, …; nullopt: none of these.
std::optional<ShownTopic> shown_topic(std::string_view name);
/// Where its lines stand in the log.
Topic topic_of(ShownTopic shown);
/// "partition P: offsets FROM to TO-1 are no longer there"
std::string describe_gap(PartitionId partition, Offset from, Offset to);

/// One line and where it stands.
struct TopicLine {
  PartitionId partition{};
  Offset offset{};
  std::string text;
};

class TopicLines {
 public:
  /// `wanted`: of outcomes and rejects, only these; empty: all.
  TopicLines(ShownTopic topic, EventSource events,
             std::function<bool(const OutcomeRow&)> wanted = {});
  /// Calls `each` for every line that the frame holds of this topic, until it returns false.
  /// Errors: corrupt (its checksum is right, but it cannot be read).
  Result<void> lines(const FrameView& frame, const std::function<bool(const TopicLine&)>& each);

 private:
  Result<void> events(const FrameView& frame, const std::function<bool(const TopicLine&)>& each);
  Result<void> outcomes(const FrameView& frame, const std::function<bool(const TopicLine&)>& each);

  const ShownTopic topic_;
  EventBytes bytes_;
  const std::function<bool(const OutcomeRow&)> wanted_;
};

}  // namespace ouzel
