/// Records of a pipeline's topics as lines of NDJSON, as `tap` shows them of a data directory.
///
/// An outcome is the same line, byte for byte. A reject stands with its record's own value, what
/// its headers say, and what its event is called as far as that is known. An event is the
/// CloudEvent that it is, or one made around its value; bytes that are no JSON are a text, or
/// base64 where they are not UTF-8 either.
#pragma once

#include <optional>
#include <string>

#include "ouzel/base/types.h"
#include "ouzel/log/record.h"

namespace ouzel {

/// A line, and the position of the event that it is about.
struct RecordLine {
  PartitionId partition{};
  Offset offset{};
  std::string text;
};

/// What the engine calls an event.
struct EventName {
  std::string source, id, key;
  std::string time;  ///< Empty: it has none.
};

/// `partition:offset`.
std::string position_text(PartitionId partition, Offset offset);

/// nullopt: it is not of that kind; somebody else wrote it.
std::optional<RecordLine> outcome_line(const Record& record);
/// Without a name its key is that of the record.
std::optional<RecordLine> reject_line(const Record& record,
                                      const std::optional<EventName>& name = std::nullopt);
/// Of the topic `models`.
std::optional<RecordLine> plan_line(const Record& record, const std::string& pipeline);
RecordLine event_line(const Record& record, const std::string& pipeline);

/// Value of a header; nullopt: it has none of that name.
std::optional<std::string_view> header_of(const Record& record, std::string_view name);

}  // namespace ouzel
