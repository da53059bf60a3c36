#include "ouzel/engine/recovery.h"

#include <algorithm>

#include "ouzel/base/fault.h"

namespace ouzel {
namespace {

void stop(PartitionFound& partition, const std::string& why) {
  if (partition.stopped.empty()) partition.stopped = why;
}

void stop_touched(std::vector<PartitionFound>& partitions, const Damage& damage) {
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    if (!damage.partition || damage.partition->value() == i) stop(partitions[i], damage.what);
  }
}

std::string hole(std::string_view what, Offset expected, Offset got) {
  return "the log has a hole: " + std::string(what) + " " + std::to_string(expected.value()) +
         " expected, got " + std::to_string(got.value());
}

/// Takes an outcome frame into account: it is the truth about what was in force.
void see_commit(PartitionFound& partition, const Hash128& running, const FrameView& frame) {
  const auto commit = CommitReader::open(frame.body);
  if (!commit || commit->first() != frame.header.base || commit->rows() != frame.header.rows) {
    return stop(partition, "an outcome frame cannot be read: " +
                               (commit ? "its header says other rows" : commit.error().message));
  }
  partition.totals = commit->totals();
  if (partition.plan != commit->in_force().plan) partition.plan_since = commit->first();
  partition.plan = commit->in_force().plan;
  if (partition.plan != running && commit->rows() > 0) {
    partition.foreign_end = commit->first() + commit->rows();
  }
}

struct Seen {
  bool events = false;
  bool outcomes = false;
  Offset events_end{};
  Offset outcomes_end{};
};

/// Frames of a view must follow each other without a hole from the first one seen.
void see_frame(PartitionFound& partition, const Hash128& running, Seen& seen,
               const FrameView& frame) {
  const FrameHeader& header = frame.header;
  if (header.topic == Topic::events) {
    if (seen.events && header.base != seen.events_end) {
      stop(partition, hole("event", seen.events_end, header.base));
    }
    seen.events = true;
    seen.events_end = header.base + header.rows;
  }
  if (header.topic == Topic::outcomes) {
    if (seen.outcomes && header.base != seen.outcomes_end) {
      stop(partition, hole("outcome", seen.outcomes_end, header.base));
    }
    seen.outcomes = true;
    seen.outcomes_end = header.base + header.rows;
    see_commit(partition, running, frame);
  }
}

Offset recovered(const SegmentLog& log, Topic topic, std::size_t partition) {
  const auto at = log.recovered().find({topic, PartitionId(static_cast<std::uint16_t>(partition))});
  return at == log.recovered().end() ? Offset{} : at->second;
}

void check_ends(PartitionFound& partition, const Seen& seen) {
  if (seen.events && seen.events_end != partition.accepted) {
    stop(partition, hole("end of events", partition.accepted, seen.events_end));
  }
  if (seen.outcomes && seen.outcomes_end != partition.committed) {
    stop(partition, hole("end of outcomes", partition.committed, seen.outcomes_end));
  }
  if (partition.committed > partition.accepted) {
    stop(partition, "the log has outcomes up to " + std::to_string(partition.committed.value()) +
                        " but events only up to " + std::to_string(partition.accepted.value()));
  }
  if (!partition.snapshots.empty() && partition.snapshots.front().next > partition.committed &&
      !fault(Fault::snapshot_ahead)) {
    stop(partition, "a snapshot is ahead of the log: it holds the state at event " +
                        std::to_string(partition.snapshots.front().next.value()) +
                        ", outcomes end at " + std::to_string(partition.committed.value()));
  }
}

}  // namespace

LogPosition witnessed_by(const std::vector<PartitionFound>& partitions) {
  LogPosition highest;
  for (const PartitionFound& partition : partitions) {
    for (const SnapshotHeader& header : partition.snapshots) {
      highest = std::max(highest, header.durable);
    }
  }
  return highest;
}

LogPosition witnessed_in(FileSystem& fs, const std::string& data_dir, std::uint64_t log_id,
                         std::uint16_t partitions) {
  std::vector<PartitionFound> found(partitions);
  std::vector<std::string> notes;
  for (std::uint16_t i = 0; i < partitions; ++i) {
    SnapshotSlots slots(fs, {data_dir + "/snapshots", log_id, PartitionId(i)});
    found[i].snapshots = slots.find(&notes);
  }
  return witnessed_by(found);
}

Result<void> survey(SegmentLog& log, const Hash128& running,
                    std::vector<PartitionFound>& partitions) {
  LogPosition from = log.durable_end();
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    PartitionFound& partition = partitions[i];
    partition.accepted = recovered(log, Topic::events, i);
    partition.committed = recovered(log, Topic::outcomes, i);
    partition.oldest = log.oldest(Topic::events, PartitionId(static_cast<std::uint16_t>(i)));
    if (partition.snapshots.empty()) {
      from = log.oldest();
      continue;
    }
    const SnapshotHeader& newest = partition.snapshots.front();
    partition.totals = newest.totals;
    partition.plan = newest.plan;
    partition.newest_event = newest.newest_event;
    // The older one too: the newest may turn out to be damaged.
    from = std::min(from, partition.snapshots.back().resume);
  }
  std::vector<Seen> seen(partitions.size());
  const auto reader = log.read_from(from);
  for (;;) {
    const auto frame = reader->next();
    if (!frame) {
      if (frame.error().code != ErrorCode::corrupt) return tl::unexpected(frame.error());
      stop_touched(partitions, reader->damage());
      continue;
    }
    if (!*frame) break;
    const std::size_t at = (*frame)->header.partition.value();
    if (at < partitions.size()) see_frame(partitions[at], running, seen[at], **frame);
  }
  for (const Damage& damage : log.report().damage) stop_touched(partitions, damage);
  for (std::size_t i = 0; i < partitions.size(); ++i) check_ends(partitions[i], seen[i]);
  return {};
}

void choose_replay(PartitionFound& partition, const ReplayChoice& choice,
                   const std::function<bool(const SnapshotHeader&)>& restore) {
  bool damaged = false;
  for (const SnapshotHeader& header : partition.snapshots) {
    const bool same =
        header.state == Hash128{} ? header.plan == choice.plan : header.state == choice.state;
    if (choice.rebuild || !same || header.next < partition.foreign_end) continue;
    if (!restore(header)) {
      damaged = true;
      continue;
    }
    partition.replay_from = header.resume;
    partition.replay_offset = header.next;
    return;
  }
  // From the oldest retained event. That is exact only if the state began there; otherwise it is a
  // new beginning, which only a new plan or the operator may decide.
  partition.rebuilt = true;
  partition.replay_offset = partition.oldest;
  const bool same_plan = partition.plan == choice.plan || partition.plan == Hash128{};
  // A plan that went on with a state left the snapshot where it was: only damage hides it.
  if (same_plan && !choice.rebuild && !choice.exact.value_or(!damaged)) {
    stop(partition, "no snapshot of its state can be read, and the events from " +
                        std::to_string(partition.oldest.value()) +
                        " on, which are retained, do not give it: start with --rebuild-state to "
                        "go on with a state made from them");
  }
}

}  // namespace ouzel
