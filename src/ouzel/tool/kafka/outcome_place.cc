#include "ouzel/tool/kafka/outcome_place.h"

#include <optional>
#include <string>

#include "ouzel/tool/kafka/kafka_lines.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSlice{100};
constexpr std::size_t kBatch = 100;

/// An outcome, and the event that it is of.
struct Place {
  Offset at{}, event{};
};

/// The first outcome at or behind `at`; nullopt: there is none. What others wrote is passed over.
Result<std::optional<Place>> first_behind(TopicReader& reader, PartitionId partition, Offset at,
                                          milliseconds limit) {
  OUZEL_TRY_VOID(reader.seek(partition, at));
  std::vector<KafkaMessage> messages;
  for (milliseconds waited{0}; waited < limit;) {
    messages.clear();
    OUZEL_TRY_VOID(reader.poll(kSlice, kBatch, messages));
    for (const KafkaMessage& message : messages) {
      const auto line = outcome_line(message.record());
      if (line) return Place{.at = message.record().offset, .event = line->offset};
    }
    if (messages.empty() && reader.at_end()) return std::nullopt;
    if (messages.empty()) waited += kSlice;
  }
  return fail(ErrorCode::unavailable, "kafka: the outcomes of partition " +
                                          std::to_string(partition.value()) +
                                          ": no answer from a broker");
}

}  // namespace

Result<void> seek_outcome(TopicReader& reader, PartitionId partition, Offset offset,
                          milliseconds limit) {
  OUZEL_TRY(const Watermarks marks, reader.watermarks(partition, limit));
  // What is before `low` is of earlier events; what is at `high` or behind it is not.
  Offset low = marks.low;
  Offset high = marks.high;
  while (low < high) {
    const Offset middle = low + static_cast<std::uint64_t>(high - low) / 2;
    OUZEL_TRY(const auto found, first_behind(reader, partition, middle, limit));
    if (!found || found->event >= offset) {
      high = middle;
    } else {
      low = found->at + 1;
    }
  }
  return reader.seek(partition, low);
}

}  // namespace ouzel
