// How partitions come to a worker and go: on the consumer thread, within a rebalance of the group.

#include <algorithm>
#include <utility>

#include "ouzel/base/check.h"
#include "ouzel/base/fault.h"
#include "ouzel/base/logging.h"
#include "ouzel/engine/kafka/kafka_engine.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;

/// Beyond it an undecided transaction is taken for one whose owner is gone.
constexpr milliseconds kAskStable{300};
constexpr milliseconds kFence{5000};
constexpr milliseconds kTryAgain{100};
constexpr std::chrono::nanoseconds kEndUnknownMax = std::chrono::seconds(2);
/// Of a hand-over: what is in flight is committed, then a snapshot is taken.
constexpr std::chrono::nanoseconds kDrainMax = std::chrono::seconds(5);
constexpr std::chrono::nanoseconds kSnapshotMax = std::chrono::seconds(3);
/// A change waits so long for the consumer thread.
constexpr std::chrono::nanoseconds kTakeUpMax = std::chrono::seconds(2);
constexpr milliseconds kAnswer{2000};

std::string text(std::uint64_t number) { return std::to_string(number); }

std::string text(std::span<const PartitionId> partitions) {
  std::string out;
  for (const PartitionId id : partitions) out += (out.empty() ? "" : " ") + text(id.value());
  return out;
}

void tell_removed(PartitionId id, Offset from, Offset to) {
  logging::error(
      "events were removed by the topic's retention before they were read",
      {{"partition", text(id.value())}, {"from", text(from.value())}, {"to", text(to.value())}});
}

}  // namespace

std::vector<Offset> KafkaEngine::assigned(std::span<const PartitionId> partitions) {
  kill_point(KillPoint::before_assigned);
  std::vector<Offset> starts;
  for (const PartitionId id : partitions) starts.push_back(open_partition(id));
  kill_point(KillPoint::after_assigned);
  joined_.store(true, std::memory_order_release);
  if (!partitions.empty()) {
    logging::info("partitions taken over", {{"partitions", text(partitions)}});
  }
  return starts;
}

void KafkaEngine::revoked(std::span<const PartitionId> partitions, bool lost) {
  kill_point(KillPoint::before_revoked);
  std::vector<PartitionPtr> going;
  for (const PartitionId id : partitions) {
    if (auto partition = find(id)) going.push_back(std::move(partition));
  }
  // At the end of the program nobody waits for brokers that do not answer: it all comes again.
  if (!lost && !drain(going, kDrainMax) && closing_.load()) log_->give_up();
  kill_point(KillPoint::drained);
  for (const PartitionPtr& partition : going) close_partition(*partition);
  kill_point(KillPoint::after_revoked);
  if (!going.empty()) {
    logging::info(lost ? "partitions lost" : "partitions handed over",
                  {{"partitions", text(partitions)}});
  }
}

std::optional<Offset> KafkaEngine::out_of_range(PartitionId id) {
  const PartitionPtr partition = find(id);
  if (!partition || !partition->lane) return std::nullopt;  // It has gone, or is stopped.
  const Offset next = partition->input.next;
  const SteadyTime asked = clock_.steady();
  Wake pause;
  for (; !closing_.load(std::memory_order_acquire); pause.wait_for(kTryAgain)) {
    const auto marks = consumer_->watermarks(id, kAsk);
    // A leader that is only just one may not know its end yet.
    if (!marks || (next > marks->high && clock_.steady() - asked < kEndUnknownMax)) continue;
    if (next > marks->high) {
      // The topic was cut or made anew. Opened again, the partition says so.
      const std::lock_guard lock(mutex_);
      diverged_.push_back(id);
      return std::nullopt;
    }
    if (next < marks->low) tell_removed(id, next, marks->low);
    return std::max(next, marks->low);
  }
  return std::nullopt;
}

/// Opens the partition's lane at what the group and the snapshots say; returns where to read from.
/// `before`: the partition as it was here until now.
Offset KafkaEngine::open_partition(PartitionId id, KafkaPartition* before) {
  // Records from before would look like ones behind a hole.
  std::erase_if(fetched_, [id](const KafkaMessage& one) { return one.record().partition == id; });
  ends_.erase(id);
  auto partition = std::make_shared<KafkaPartition>(id, plan());
  std::optional<GroupOffset> at;
  std::optional<Watermarks> marks;
  Wake pause;
  for (bool fenced = false; !closing_.load(std::memory_order_acquire);) {
    at = find_committed(id, fenced);
    if (const auto found = consumer_->watermarks(id, kAsk)) marks = *found;
    if (at && marks) break;
    pause.wait_for(kTryAgain);
  }
  if (!at || !marks) return {};
  const std::size_t index = id.value() % workers_.size();
  partition->worker = workers_[index].get();
  partition->input.inbox.set_wake(&partition->worker->wake());
  recover(*partition, *at, *marks, before);
  {
    const std::lock_guard lock(mutex_);
    partitions_[id] = partition;
  }
  if (partition->lane) partition->worker->add(*partition->lane);
  return partition->found.replay_offset;
}

/// Where the group stands, once no transaction of the partition is undecided. Fences its last owner
/// once at most: if somebody else left it open, its timeout must be waited for.
std::optional<GroupOffset> KafkaEngine::find_committed(PartitionId id, bool& fenced) {
  auto found = consumer_->committed({&id, 1}, kAskStable);
  if (!found && found.error().code == ErrorCode::retry) {
    if (!std::exchange(fenced, true)) fence_owner(id);
    found = consumer_->committed({&id, 1}, kAsk);
  }
  if (found && found->size() == 1) return found->front();
  if (!found)
    logging::warn("the group's offset is not known yet", {{"why", found.error().message}});
  return std::nullopt;
}

/// A worker that died in a transaction leaves it open until its timeout. The note of its last
/// commit has its id: whoever takes that id over aborts the transaction, and fences the worker if
/// it is only slow.
void KafkaEngine::fence_owner(PartitionId id) {
  const auto before = group_before();
  if (!before || before->size() <= id.value()) return;
  const auto note = read_note((*before)[id.value()].metadata);
  if (!note || note->owner.empty() || note->owner == transactional_id_) return;
  auto producer = make_producer(note->owner);
  if (!producer) return;
  auto done = (*producer)->init(kFence);
  const std::uint16_t from = id.value();
  if (done) done = sweep(**producer, from, from + 1);
  logging::info("took over what another worker left open",
                {{"partition", text(id.value())},
                 {"worker", note->owner},
                 {"done", done ? "yes" : done.error().message}});
}

/// Fills in what the group knows of the partition; returns what its next commit says beside that.
CommitNote KafkaEngine::read_offset(KafkaPartition& partition, const GroupOffset& at,
                                    const Watermarks& marks, const KafkaPartition* before) {
  PartitionFound& found = partition.found;
  const bool latest = options_.source.from == FirstOffset::latest;
  const Offset begin = latest ? marks.high : marks.low;
  found.committed = at.offset.value_or(before != nullptr ? before->input.next : begin);
  found.oldest = at.offset ? marks.low : found.committed;
  CommitNote note{.began = found.committed, .partitions = partition_count_};
  const auto last = at.offset ? read_note(at.metadata) : std::nullopt;
  if (last) {
    note = *last;
    found.totals = last->totals;
    found.plan = last->plan;
    found.plan_since = last->plan_since;
    found.foreign_end = last->plan == partition.plan->hash ? last->plan_since : found.committed;
    found.oldest = std::max(found.oldest, last->began);
  } else if (at.offset) {
    logging::warn(
        "the group's offset was committed by another program: totals begin at 0",
        {{"partition", text(partition.id.value())}, {"offset", text(at.offset->value())}});
  }
  note.owner = transactional_id_;
  return note;
}

/// Why the partition cannot go on, if it cannot.
void KafkaEngine::judge(PartitionFound& found, PartitionId id, const CommitNote& note,
                        const Watermarks& marks) {
  if (id.value() >= partition_count_ || note.partitions != partition_count_) {
    found.stopped = "topic " + options_.source.topic + " had " + text(note.partitions) +
                    " partitions and has another number now, so keys have moved: go on under "
                    "another source.kafka.group and data directory";
    halted_.store(true);
    const std::lock_guard lock(mutex_);
    stopped_ = found.stopped;
  } else if (found.committed > marks.high) {
    found.stopped = "the group stands at " + text(found.committed.value()) + ", but topic " +
                    options_.source.topic + " ends at " + text(marks.high.value()) +
                    ": it was made anew or cut; set the group's offset, or use another group";
  }
}

/// Gives the partition a lane with the state of its committed offset, or says why it is stopped.
void KafkaEngine::recover(KafkaPartition& partition, const GroupOffset& at, const Watermarks& marks,
                          KafkaPartition* before) {
  PartitionFound& found = partition.found;
  CommitNote note = read_offset(partition, at, marks, before);
  judge(found, partition.id, note, marks);
  if (!found.stopped.empty()) {
    found.replay_offset = found.committed;
    logging::error("partition stopped",
                   {{"partition", text(partition.id.value())}, {"why", found.stopped}});
  } else {
    partition.lane = make_lane(partition);
    if (!carry_on(partition, before)) restore(partition);
    if (found.replay_offset < marks.low) {
      tell_removed(partition.id, found.replay_offset, marks.low);
      found.replay_offset = marks.low;
    }
  }
  partition.ledger.committed = found.committed;
  partition.ledger.totals = found.totals;
  partition.ledger.newest_event = found.newest_event;
  partition.input.next = found.replay_offset;
  if (!partition.lane) return;
  const bool switched = found.plan != Hash128{} && found.plan != partition.plan->hash;
  partition.lane->resume_at(found.replay_offset, found.committed, found.totals, switched);
  if (found.rebuilt && found.committed > found.replay_offset) {
    note.began = found.replay_offset;
    partition.lane->request_snapshot();
    logging::info("state is rebuilt from retained records",
                  {{"partition", text(partition.id.value())},
                   {"from", text(found.replay_offset.value())},
                   {"to", text(found.committed.value())}});
  }
  log_->enter(partition.id, at.offset, std::move(note));
}

/// Takes the state over from memory, if it is there as of the committed offset, and means the same.
bool KafkaEngine::carry_on(KafkaPartition& partition, KafkaPartition* before) {
  PartitionFound& found = partition.found;
  if (before == nullptr || !before->lane || before->lane->next() != found.committed ||
      before->plan->state_hash != partition.plan->state_hash) {
    return false;
  }
  std::vector<std::string> notes;
  const auto snapshots = partition.slots->find(&notes);
  if (!snapshots.empty()) partition.lane->set_snapshot_number(snapshots.front().number);
  partition.lane->take_state(*before->lane);
  partition.lane->request_snapshot();  // Of this plan; until then a crash rebuilds the state.
  found.newest_event = partition.lane->runner().newest_event();
  found.replay_offset = found.committed;
  return true;
}

/// Takes the best snapshot of any worker, at or before the committed offset.
void KafkaEngine::restore(KafkaPartition& partition) {
  PartitionFound& found = partition.found;
  restore_listed(partition);
  // One that went away under our eyes was replaced by one that a second look finds.
  if (found.rebuilt && !options_.rebuild_state) restore_listed(partition);
  if (!found.rebuilt) partition.lane->set_captured(found.replay_offset);
  if (found.rebuilt) found.replay_offset = std::min(found.oldest, found.committed);
}

void KafkaEngine::restore_listed(KafkaPartition& partition) {
  PartitionFound& found = partition.found;
  found.snapshots.clear();
  found.rebuilt = false;
  std::vector<std::string> notes;
  std::uint64_t newest_number = 0;
  std::vector<std::unique_ptr<SnapshotSlots>> others;
  std::vector<std::pair<SnapshotHeader, SnapshotSlots*>> usable;
  const auto look = [&](SnapshotSlots& slots) {
    for (const SnapshotHeader& header : slots.find(&notes)) {
      newest_number = std::max(newest_number, header.number);
      // One ahead of the group's offset is of a transaction that never was.
      if (header.next <= found.committed || fault(Fault::snapshot_ahead)) {
        usable.emplace_back(header, &slots);
      }
    }
  };
  const auto places = owners_->others(partition.id);
  if (!places) notes.push_back(places.error().message);
  for (const SnapshotPlace& place : places ? *places : std::vector<SnapshotPlace>{}) {
    others.push_back(std::make_unique<SnapshotSlots>(fs_, place));
    look(*others.back());
  }
  look(*partition.slots);
  std::stable_sort(usable.begin(), usable.end(),
                   [](const auto& a, const auto& b) { return a.first.next > b.first.next; });
  for (const auto& [header, slots] : usable) found.snapshots.push_back(header);
  const ReplayChoice choice{.plan = partition.plan->hash,
                            .state = partition.plan->state_hash,
                            .rebuild = options_.rebuild_state,
                            .exact = true};
  choose_replay(found, choice, [&](const SnapshotHeader& header) {
    const auto index = static_cast<std::size_t>(&header - found.snapshots.data());
    std::string duplicates;
    const auto restored = partition.lane->restore(*usable[index].second, header, &duplicates);
    if (!restored) notes.push_back(restored.error().message);
    if (restored) found.newest_event = header.newest_event;
    return restored.has_value();
  });
  for (const std::string& note : notes) logging::warn("snapshot not used", {{"why", note}});
  partition.lane->set_snapshot_number(newest_number);
}

std::unique_ptr<Lane> KafkaEngine::make_lane(KafkaPartition& partition) {
  partition.slots = std::make_unique<SnapshotSlots>(fs_, owners_->own(partition.id));
  return std::make_unique<Lane>(partition.id,
                                LaneSeams{.plan = partition.plan.get(),
                                          .log = log_.get(),
                                          .clock = &clock_,
                                          .input = &partition.input,
                                          .ledger_mutex = &partition.ledger_mutex,
                                          .ledger = &partition.ledger,
                                          .slots = partition.slots.get(),
                                          .publish =
                                              [this](SnapshotJob job) {
                                                {
                                                  const std::lock_guard lock(keeper_mutex_);
                                                  jobs_.push_back(std::move(job));
                                                }
                                                keeper_wake_.signal();
                                              },
                                          .switched = [](PartitionId, Offset, AppendNumber) {},
                                          .holes = true},
                                LaneOptions{});
}

/// Before a hand-over: what is in flight is committed, and a snapshot holds the state there. False:
/// not all of it was committed in time.
bool KafkaEngine::drain(std::span<const PartitionPtr> partitions,
                        std::chrono::nanoseconds commit_max) {
  Wake pause;
  const auto wait = [&](std::chrono::nanoseconds most, const auto& done) {
    SteadyTime end = clock_.steady() + most;
    if (closing_.load()) end = std::min(end, close_until_.load());
    while (clock_.steady() < end) {
      if (std::all_of(partitions.begin(), partitions.end(),
                      [&](const PartitionPtr& one) { return !one->lane || done(*one); })) {
        return true;
      }
      log_->hurry();
      for (const PartitionPtr& one : partitions) one->worker->wake().signal();
      pause.wait_for(milliseconds(1));
    }
    return false;
  };
  if (!wait(commit_max,
            [](const KafkaPartition& one) { return one.input.inbox.in_flight() == 0; })) {
    return false;
  }
  for (const PartitionPtr& one : partitions) {
    if (one->lane && !one->lane->captured()) one->lane->request_snapshot();
  }
  wait(kSnapshotMax, [](const KafkaPartition& one) { return one.lane->snapshot_idle(); });
  return true;
}

void KafkaEngine::close_partition(KafkaPartition& partition) {
  if (partition.lane) partition.worker->remove(*partition.lane);
  log_->leave(partition.id);
  {
    // A snapshot that waits for its commit goes with the lane.
    const std::lock_guard lock(keeper_mutex_);
    std::erase_if(jobs_,
                  [&](const SnapshotJob& job) { return job.slots == partition.slots.get(); });
  }
  const std::lock_guard lock(mutex_);
  if (partitions_.erase(partition.id) > 0) count_gone(partition);
}

/// A partition whose offset moved without us begins again from there.
void KafkaEngine::reopen_diverged() {
  std::vector<PartitionId> diverged;
  {
    const std::lock_guard lock(mutex_);
    diverged.swap(diverged_);
  }
  for (const PartitionId id : diverged) {
    const PartitionPtr partition = find(id);
    if (!partition) continue;
    logging::warn("a partition has gone on without this worker: it is recovered",
                  {{"partition", text(id.value())}});
    close_partition(*partition);
    reopen(id);
  }
}

/// Opens a partition again that this member has, and reads it from where its new lane begins.
void KafkaEngine::reopen(PartitionId id, KafkaPartition* before) {
  const Offset start = open_partition(id, before);
  const auto reopened = find(id);
  const auto sought = consumer_->seek(id, start);
  if (sought || !reopened) return;
  logging::warn("a partition cannot be read again yet", {{"why", sought.error().message}});
  // What comes from the old place is behind a hole that is none.
  reopened->out_of_place = true;
  const std::lock_guard lock(mutex_);
  diverged_.push_back(id);
}

Result<void> KafkaEngine::change(KafkaWork next) {
  OUZEL_CHECK(next.plan->partitions == partition_count_);
  {
    const std::lock_guard lock(plans_mutex_);
    OUZEL_TRY_VOID(plans_->keep(*next.plan));  // Before any outcome is decided by it.
  }
  const auto change = std::make_shared<Change>();
  change->next = std::move(next);
  {
    const std::lock_guard lock(mutex_);
    change_ = change;
  }
  if (!change->done.wait_for(kTakeUpMax)) {
    {
      const std::lock_guard lock(mutex_);
      if (change_ == change) {
        change_.reset();
        return fail(ErrorCode::unavailable, "the worker is busy with its brokers");
      }
    }
    change->done.wait();
  }
  if (change->begun) return {};
  return fail(ErrorCode::unavailable, "Kafka does not answer, or not in time");
}

bool KafkaEngine::change_asked() const {
  const std::lock_guard lock(mutex_);
  return change_ != nullptr;
}

/// From one plan to the next between two commits.
void KafkaEngine::change_over() {
  std::shared_ptr<Change> change;
  {
    const std::lock_guard lock(mutex_);
    change.swap(change_);
  }
  if (!change) return;
  const auto partitions = all();
  // What is closed can be opened again only with a broker's answer.
  const bool answered = consumer_->partitions_of(options_.source.topic, kAnswer).has_value();
  if (!answered || !drain(partitions, kAnswer)) return change->done.signal();
  const bool joined = joined_.exchange(false);
  for (const PartitionPtr& partition : partitions) close_partition(*partition);
  std::vector<ModelScored> scored = scored_by_model(status());
  {
    const std::lock_guard lock(mutex_);
    gone_.earlier_models = std::move(scored);
    const bool same_model = change->next.plan->model_name == work_.plan->model_name &&
                            change->next.plan->model_version == work_.plan->model_version;
    if (!same_model) {
      std::erase_if(gone_.stage_ns, [](const auto& one) { return is_model_stage(one.first); });
    }
    work_ = change->next;
  }
  read_ = work_.make_reader();
  change->begun = true;
  change->done.signal();
  for (const PartitionPtr& partition : partitions) reopen(partition->id, partition.get());
  joined_.store(joined, std::memory_order_release);
}

}  // namespace ouzel
