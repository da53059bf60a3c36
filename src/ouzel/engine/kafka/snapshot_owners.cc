#include "ouzel/engine/kafka/snapshot_owners.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace ouzel {
namespace {

/// A folder is named `<group>-<worker>`, a worker by so many hexadecimal digits.
constexpr std::size_t kWorkerDigits = 16;

std::string_view group_of(std::string_view folder) {
  const std::size_t dash = folder.rfind('-');
  if (dash == folder.npos) return {};
  const std::string_view worker = folder.substr(dash + 1);
  const bool named_so =
      worker.size() == kWorkerDigits && worker.find_first_not_of("0123456789abcdef") == worker.npos;
  return named_so ? folder.substr(0, dash) : std::string_view();
}

}  // namespace

SnapshotPlace SnapshotOwners::own(PartitionId partition) const {
  return {root_ + "/" + own_, log_id_, partition};
}

Result<std::vector<SnapshotPlace>> SnapshotOwners::others(PartitionId partition) const {
  std::vector<SnapshotPlace> out;
  OUZEL_TRY(const auto names, fs_.list(root_));
  for (const std::string& name : names) {
    if (name == own_ || group_of(name) != group_of(own_)) continue;
    out.push_back({root_ + "/" + name, log_id_, partition});
  }
  return out;
}

Result<bool> SnapshotOwners::remove_replaced(const Standing& standing) const {
  std::vector<std::string> ignored;
  std::vector<Offset> mine;
  for (const auto& header : SnapshotSlots(fs_, own(standing.partition)).find(&ignored)) {
    const bool counts = header.state == standing.state && header.next <= standing.committed;
    if (counts) mine.push_back(header.next);
  }
  if (mine.size() < 2) return false;
  // The newest may turn out to be damaged: what is left must be enough without it.
  std::sort(mine.begin(), mine.end(), std::greater<>());
  const Offset older = mine[1];
  const auto replaced = [&](const SnapshotHeader& header) {
    if (header.next > older) return false;
    // A plan goes on only from a snapshot behind which it decided every event. So one of another
    // state is lost to all others once this plan decided some, and may be gone back to before.
    return header.state == standing.state || (standing.decided && header.next < standing.committed);
  };
  OUZEL_TRY_VOID(fs_.sync_directory(root_));  // The name of our own folder, before others' go.
  OUZEL_TRY(const auto places, others(standing.partition));
  for (const SnapshotPlace& place : places) {
    OUZEL_TRY_VOID(SnapshotSlots(fs_, place).remove(replaced));
    const auto left = fs_.list(place.directory);
    // It may have got a file or may have gone meanwhile.
    if (left && left->empty()) (void)fs_.remove(place.directory);
  }
  return true;
}

}  // namespace ouzel
