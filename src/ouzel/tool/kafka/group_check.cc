#include "ouzel/tool/kafka/group_check.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "ouzel/spec/quantity.h"

namespace ouzel {
namespace {

/// Partitions with one and the same trouble; the first stands for all.
struct Found {
  const GroupOffset* first = nullptr;
  std::uint64_t partitions = 0;

  void note(const GroupOffset& one) {
    if (partitions++ == 0) first = &one;
  }
  std::string place() const {
    return "it stands at " + std::to_string(first->offset->value()) + " in partition " +
           std::to_string(first->partition.value());
  }
  std::string others() const {
    const std::uint64_t more = partitions - 1;
    if (more == 0) return {};
    return "; so it is in " + std::to_string(more) + (more == 1 ? " other" : " others");
  }
};

std::string offset(Offset at) { return std::to_string(at.value()); }

}  // namespace

Check check_group(const std::string& group, const std::string& topic,
                  std::span<const Watermarks> marks, std::span<const GroupOffset> committed) {
  Found beyond, removed;
  std::uint64_t behind = 0;
  for (const Watermarks& mark : marks) behind += static_cast<std::uint64_t>(mark.high - mark.low);
  bool ever = false;
  for (const GroupOffset& one : committed) {
    if (!one.offset || one.partition.value() >= marks.size()) continue;
    ever = true;
    const Watermarks& mark = marks[one.partition.value()];
    if (*one.offset > mark.high) beyond.note(one);
    if (*one.offset < mark.low) removed.note(one);
    behind -= static_cast<std::uint64_t>(std::clamp(*one.offset, mark.low, mark.high) - mark.low);
  }
  using State = Check::State;
  if (beyond.partitions > 0) {
    return {State::fail, "group",
            group + ": " + beyond.place() + ", but topic " + topic + " ends at " +
                offset(marks[beyond.first->partition.value()].high) + ": it was made anew or cut" +
                beyond.others(),
            "stop the workers, set the group's offsets to where they shall go on "
            "(kafka-consumer-groups --reset-offsets), or use another source.kafka.group"};
  }
  if (removed.partitions > 0) {
    const Watermarks& mark = marks[removed.first->partition.value()];
    // Where nothing is left there may have been but marks of transactions, which nobody reads.
    return {mark.low == mark.high ? State::warn : State::fail, "group",
            group + ": " + removed.place() + ", but topic " + topic + " begins at " +
                offset(mark.low) + ": what was between was removed unread" + removed.others(),
            "start the workers, which go on at the oldest record; keep records for longer "
            "(retention.ms of the topic), or start more workers"};
  }
  return {State::ok, "group",
          group + (ever ? ": " : " has not begun: ") + format_count(behind) + " offsets behind"};
}

}  // namespace ouzel
