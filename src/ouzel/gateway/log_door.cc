#include "ouzel/gateway/log_door.h"

#include "ouzel/base/fault.h"
#include "ouzel/decode/event_record.h"

namespace ouzel {
namespace {

/// What an outcome may take on disk beside the strings that it repeats from its event.
constexpr std::uint64_t kOutcomeBytes = 256;

}  // namespace

void add(DoorRequest& request, const DecodedRow& row, const Envelope& envelope,
         std::string_view bytes) {
  append(request.batch, row);
  write_record(request.records, envelope, bytes);
  request.record_end.push_back(static_cast<std::uint32_t>(request.records.size()));
}

namespace {

/// The request without the marked rows.
DoorRequest without(const DoorRequest& request, const std::vector<std::uint8_t>& marks) {
  DoorRequest out{.batch = without(request.batch, marks)};
  for (std::size_t row = 0; row < marks.size(); ++row) {
    if (marks[row] != 0) continue;
    const std::uint32_t begin = row == 0 ? 0 : request.record_end[row - 1];
    out.records.append(request.records, begin, request.record_end[row] - begin);
    out.record_end.push_back(static_cast<std::uint32_t>(out.records.size()));
  }
  return out;
}

}  // namespace

LogDoor::LogDoor(Log& log, const Clock& clock,
                 std::vector<std::unique_ptr<PartitionInput>>& partitions, LogDoorOptions options)
    : log_(log), clock_(clock), partitions_(partitions), options_(options) {}

/// Marks the rows that were accepted before, in the log or earlier in this request.
std::uint64_t LogDoor::find_duplicates(PartitionInput& input, const DoorRequest& request,
                                       std::vector<std::uint8_t>& duplicate) const {
  std::uint64_t found = 0;
  Offset next = input.next;
  duplicate.assign(request.batch.rows(), 0);
  for (const Hash128& identity : request.batch.identity) input.duplicates.prefetch(identity);
  for (std::size_t row = 0; row < request.batch.rows(); ++row) {
    if (input.duplicates.contains(request.batch.identity[row])) {
      duplicate[row] = 1;
      ++found;
      continue;
    }
    input.duplicates.insert(next, request.batch.identity[row]);
    ++next;
  }
  return found;
}

DoorAnswer LogDoor::admit(PartitionId partition, DoorRequest request) {
  DoorAnswer answer;
  const std::size_t rows = request.batch.rows();
  if (rows == 0) return answer;
  PartitionInput& input = *partitions_[partition.value()];
  if (input.stopped.load(std::memory_order_acquire)) {
    answer.unavailable = "partition " + std::to_string(partition.value()) +
                         " is stopped because of damage in the log; see /readyz?verbose";
    return answer;
  }
  // A request of any size gets in when nothing else waits.
  const std::uint64_t in_flight = input.inbox.in_flight();
  if (in_flight > 0 && in_flight + rows > options_.in_flight_max / partitions_.size()) {
    answer.unavailable = "too many events in flight (limits.in_flight)";
    answer.overloaded = true;
    return answer;
  }
  const std::uint64_t bytes =
      request.records.size() * 2 + kOutcomeBytes * rows + kOutcomeBytes * in_flight;
  if (!log_.has_room(bytes, &answer.unavailable)) return answer;

  const std::lock_guard lock(input.mutex);
  answer.first = input.next;
  if (rows == 1) {
    const auto original = input.duplicates.find(request.batch.identity[0], input.next);
    answer.first = original.value_or(input.next);
  }
  std::vector<std::uint8_t> duplicate;
  const std::uint64_t duplicates = find_duplicates(input, request, duplicate);
  if (duplicates > 0) {
    request = without(request, duplicate);
    input.duplicate_rows.fetch_add(duplicates, std::memory_order_relaxed);
  }
  answer.duplicates = static_cast<std::uint32_t>(duplicates);
  answer.accepted = static_cast<std::uint32_t>(rows - duplicates);
  if (answer.accepted > 0) append_rows(partition, input, request, clock_.wall());
  if (answer.accepted > 0 || !fault(Fault::duplicate_before_durable)) {
    answer.wait_for = input.last_append;
  }
  return answer;
}

/// Appends the rows as frames of bounded size and hands each to the lane.
void LogDoor::append_rows(PartitionId partition, PartitionInput& input, DoorRequest& request,
                          WallTime accepted) {
  const std::size_t rows = request.batch.rows();
  std::size_t begin = 0;
  while (begin < rows) {
    const std::uint32_t from = begin == 0 ? 0 : request.record_end[begin - 1];
    std::size_t end = begin + 1;
    while (end < rows && request.record_end[end] - from <= options_.frame_bytes_max) ++end;
    const bool whole = begin == 0 && end == rows;
    FrameDraft draft{.topic = Topic::events,
                     .partition = partition,
                     .base = input.next,
                     .rows = static_cast<std::uint32_t>(end - begin),
                     .accepted = accepted};
    draft.body = whole ? std::move(request.records)
                       : request.records.substr(from, request.record_end[end - 1] - from);
    InputFrame frame{.first = input.next,
                     .accepted = accepted,
                     .batch = whole ? std::move(request.batch) : slice(request.batch, begin, end)};
    input.last_append = log_.append(std::move(draft));
    input.next += end - begin;
    input.inbox.push(std::move(frame));
    begin = end;
  }
}

}  // namespace ouzel
