/// Records of a pipeline's topics as lines of NDJSON, as `tap` shows them of a data directory.
///
/// An outcome is the same line, byte for byte. A reject stands with its record's own key and value,
/// and what its headers say; source, id and time of its event stand in its outcome only. An event
/// is the CloudEvent that it is, or one made around its value; bytes that are no JSON are a text,
/// or base64 where they are not UTF-8 either.
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

/// nullopt: it is not of that kind; somebody else wrote it.
std::optional<RecordLine> outcome_line(const Record& record);
std::optional<RecordLine> reject_line(const Record& record);
RecordLine event_line(const Record& record, const std::string& pipeline);

/// Value of a header; nullopt: it has none of that name.
std::optional<std::string_view> header_of(const Record& record, std::string_view name);

}  // namespace ouzel
