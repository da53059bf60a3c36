#include "ouzel/engine/engine.h"

#include <algorithm>

#include "ouzel/base/logging.h"
#include "ouzel/engine/plan_archive.h"

namespace ouzel {
namespace {

/// Rows of one partition that the replay keeps in memory ahead of its lane.
constexpr std::uint64_t kReplayRowsMax = 16'384;
constexpr std::chrono::nanoseconds kPoll = std::chrono::milliseconds(1);

std::string text(std::uint64_t number) { return std::to_string(number); }

}  // namespace

Engine::Engine(FileSystem& fs, const Clock& clock, std::shared_ptr<const Plan> plan,
               EngineOptions options)
    : fs_(fs), clock_(clock), plan_(std::move(plan)), options_(std::move(options)) {}

Engine::~Engine() { stop(std::chrono::nanoseconds(0)); }

Result<std::unique_ptr<Engine>> Engine::open(FileSystem& fs, const Clock& clock, Random& random,
                                             std::shared_ptr<const Plan> plan,
                                             EngineOptions options) {
  std::unique_ptr<Engine> engine(new Engine(fs, clock, std::move(plan), std::move(options)));
  OUZEL_TRY_VOID(engine->recover(random));
  return engine;
}

Result<void> Engine::recover(Random& random) {
  const DirectoryMeta wanted{.partitions = plan_->partitions, .key = plan_->schema.key};
  OUZEL_TRY(directory_, DataDirectory::open(fs_, options_.data_dir, wanted, random));
  const std::uint64_t log_id = directory_->meta().log_id;
  found_.resize(plan_->partitions);
  ledgers_.resize(plan_->partitions);
  kept_.resize(plan_->partitions);
  lanes_.resize(plan_->partitions);
  std::vector<std::string> notes;
  for (std::uint16_t i = 0; i < plan_->partitions; ++i) {
    slots_.push_back(std::make_unique<SnapshotSlots>(
        fs_, SnapshotPlace{directory_->snapshots_path(), log_id, PartitionId(i)}));
    found_[i].snapshots = slots_[i]->find(&notes);
    inputs_.push_back(std::make_unique<PartitionInput>(plan_->duplicates_max));
  }
  for (const std::string& note : notes) logging::warn("snapshot not used", {{"why", note}});
  options_.log.directory = directory_->log_path();
  options_.log.log_id = log_id;
  LogPosition witnessed = witnessed_by(found_);
  if (options_.witness) witnessed = std::max(witnessed, options_.witness(log_id));
  OUZEL_TRY(log_, SegmentLog::open(fs_, clock_, options_.log, witnessed));
  log_->set_observer([this](std::span<const FrameHeader> headers) { became_durable(headers); });
  OUZEL_TRY_VOID(survey(*log_, plan_->hash, found_));
  OUZEL_TRY(journal_, Journal::open(fs_, clock_, directory_->keep_path(), log_id));
  // Before any outcome names it.
  OUZEL_TRY_VOID(PlanArchive(fs_, options_.data_dir).keep(*plan_));
  make_lanes();
  report_recovery();
  OUZEL_TRY_VOID(complete_journal());
  forget_old_plans();
  return {};
}

/// Reads the snapshots on all cores: with millions of keys that is most of a restart, and no lane
/// shares anything with another.
void Engine::make_lanes() {
  std::atomic<std::uint16_t> next{0};
  const auto work = [&] {
    for (std::uint16_t i = next++; i < plan_->partitions; i = next++) make_lane(PartitionId(i));
  };
  std::vector<std::thread> others(std::min<std::size_t>(
      plan_->partitions - 1U, std::max(1U, std::thread::hardware_concurrency()) - 1));
  for (std::thread& other : others) other = std::thread(work);
  work();
  for (std::thread& other : others) other.join();
}

void Engine::make_lane(PartitionId partition) {
  const std::uint16_t i = partition.value();
  PartitionFound& found = found_[i];
  auto lane = std::make_unique<Lane>(
      partition,
      LaneSeams{
          .plan = plan_.get(),
          .log = log_.get(),
          .clock = &clock_,
          .input = inputs_[i].get(),
          .ledger_mutex = &ledger_mutex_,
          .ledger = &ledgers_[i],
          .slots = slots_[i].get(),
          .publish =
              [this](SnapshotJob job) {
                {
                  const std::lock_guard lock(keeper_mutex_);
                  jobs_.push_back(std::move(job));
                }
                keeper_wake_.signal();
              },
          .switched =
              [this, &found](PartitionId who, Offset from, AppendNumber number) {
                const JournalEntry entry{who, from, plan_->hash, found.oldest, !found.rebuilt};
                log_->when_durable(number, [this, entry](const std::optional<Error>& error) {
                  if (error) return;
                  const std::lock_guard lock(keeper_mutex_);
                  entries_.push_back(entry);
                  keeper_wake_.signal();
                });
              }},
      LaneOptions{});
  const ReplayChoice choice{.plan = plan_->hash,
                            .state = plan_->state_hash,
                            .rebuild = options_.rebuild_state,
                            .exact = rebuilds_exactly(partition)};
  choose_replay(found, choice, [&](const SnapshotHeader& header) {
    std::string duplicates;
    const auto restored = lane->restore(*slots_[i], header, &duplicates);
    if (!restored) {
      logging::warn("snapshot damaged", {{"partition", text(i)},
                                         {"number", text(header.number)},
                                         {"why", restored.error().message}});
      return false;
    }
    return inputs_[i]->duplicates.restore(duplicates, found.accepted);
  });
  if (found.rebuilt) found.replay_from = log_->oldest();
  lanes_[i] = std::move(lane);
  begin_lane(partition);
}

/// Whether the retained events give the state that this plan had; absent: the journal lacks it.
std::optional<bool> Engine::rebuilds_exactly(PartitionId partition) const {
  const JournalEntry* entry = journal_->newest(partition);
  if (entry == nullptr || entry->plan != plan_->hash) return std::nullopt;
  return entry->rebuilt_from == found_[partition.value()].oldest && !entry->continued;
}

/// Puts the lane, its door and its ledger at what recovery found; a stopped one has no lane.
void Engine::begin_lane(PartitionId partition) {
  const std::uint16_t i = partition.value();
  const PartitionFound& found = found_[i];
  inputs_[i]->next = found.accepted;
  Ledger& ledger = ledgers_[i];
  ledger.accepted = found.accepted;
  ledger.committed = found.committed;
  ledger.totals = found.totals;
  ledger.newest_event = found.newest_event;
  for (std::size_t k = 0; k < std::min<std::size_t>(2, found.snapshots.size()); ++k) {
    // Until a rebuilt state has snapshots of its own, what it was made of must stay.
    kept_[i][k] = found.rebuilt ? found.replay_from : found.snapshots[k].resume;
  }
  if (!found.stopped.empty()) {
    inputs_[i]->stopped.store(true, std::memory_order_release);
    lanes_[i].reset();
    return;
  }
  const bool switched = found.plan != Hash128{} && found.plan != plan_->hash;
  lanes_[i]->resume_at(found.replay_offset, found.committed, found.totals, switched);
  lanes_[i]->set_snapshot_number(found.snapshots.empty() ? 0 : found.snapshots.front().number);
  if (!found.rebuilt || found.accepted == Offset{}) lanes_[i]->set_captured(found.replay_offset);
  if (found.rebuilt && found.committed > Offset{}) lanes_[i]->request_snapshot();
}

void Engine::report_recovery() const {
  const RecoveryReport& report = log_->report();
  for (const std::string& note : report.notes) logging::warn("log repaired", {{"what", note}});
  if (report.cut_bytes > 0) {
    logging::warn("torn tail of a crash cut", {{"bytes", text(report.cut_bytes)}});
  }
  for (const Damage& damage : report.damage)
    logging::error("log damaged", {{"where", damage.what}});
  std::size_t went_on = 0;
  for (std::size_t i = 0; i < found_.size(); ++i) {
    const PartitionFound& found = found_[i];
    const bool other = found.plan != Hash128{} && found.plan != plan_->hash;
    if (!found.stopped.empty()) {
      logging::error("partition stopped", {{"partition", text(i)}, {"why", found.stopped}});
    } else if (found.committed == Offset{}) {
      continue;  // There is no state.
    } else if (!found.rebuilt) {
      went_on += other ? 1 : 0;
    } else {
      logging::info("state is rebuilt from retained events",
                    {{"partition", text(i)},
                     {"from", text(found.replay_offset.value())},
                     {"to", text(found.committed.value())},
                     {"why", other ? "another plan" : "no snapshot"}});
    }
  }
  if (went_on > 0) {
    logging::info("another plan goes on with the state",
                  {{"plan", to_string(plan_->hash)}, {"partitions", text(went_on)}});
  }
}

/// A crash may have come between an outcome frame and its record in the journal.
Result<void> Engine::complete_journal() {
  for (const std::string& note : journal_->report().notes) {
    logging::warn("journal repaired", {{"what", note}});
  }
  for (const Damage& damage : journal_->report().damage) {
    logging::error("journal damaged", {{"where", damage.what}});
  }
  for (std::uint16_t i = 0; i < plan_->partitions; ++i) {
    const PartitionFound& found = found_[i];
    if (!found.stopped.empty()) continue;
    const Hash128 plan = found.plan == Hash128{} ? plan_->hash : found.plan;
    const bool continued = plan == plan_->hash && !found.rebuilt && found.plan_since > Offset{};
    OUZEL_TRY_VOID(
        journal_->add({PartitionId(i), found.plan_since, plan, found.oldest, continued}));
  }
  return {};
}

/// Those that decided no outcome that is still there. With damage nobody knows, and all stay.
void Engine::forget_old_plans() {
  if (!log_->report().damage.empty() || !journal_->report().damage.empty()) return;
  std::vector<Offset> oldest;
  for (std::uint16_t i = 0; i < plan_->partitions; ++i) {
    oldest.push_back(log_->oldest(Topic::outcomes, PartitionId(i)));
  }
  const auto forget = [&]() -> Result<void> {
    OUZEL_TRY(std::set<Hash128> needed, journal_->plans_since(oldest));
    needed.insert(plan_->hash);
    return PlanArchive(fs_, options_.data_dir).remove_others(needed);
  };
  if (const auto done = forget(); !done) {
    logging::warn("old plans not removed", {{"why", done.error().message}});
  }
}

void Engine::start() {
  keep_needed();  // Before the log's own thread removes anything.
  log_->start();
  for (std::uint32_t i = 0; i < options_.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(*log_));
  }
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (!lanes_[i]) continue;
    Worker& worker = *workers_[i % workers_.size()];
    inputs_[i]->inbox.set_wake(&worker.wake());
    worker.add(*lanes_[i]);
  }
  for (auto& worker : workers_) worker->start();
  keeper_thread_ = std::thread([this] { run_keeper(); });
  replay_thread_ = std::thread([this] { replay(); });
}

void Engine::stop(std::chrono::nanoseconds limit) {
  if (!keeper_thread_.joinable()) return;
  Wake pause;
  const SteadyTime end = clock_.steady() + limit;
  while (!drained() && clock_.steady() < end) pause.wait_for(kPoll);
  if (drained()) take_last_snapshots(end);
  stopping_.store(true, std::memory_order_release);
  replay_thread_.join();
  for (auto& worker : workers_) worker->stop();
  log_->stop();
  keeper_wake_.signal();
  keeper_thread_.join();
  journal_->close();
}

/// So that the next start replays nothing, and that a plan of the same state may go on from here.
void Engine::take_last_snapshots(SteadyTime end) {
  std::vector<const Lane*> asked;
  for (const auto& lane : lanes_) {
    if (!lane || lane->captured()) continue;
    lane->request_snapshot();
    asked.push_back(lane.get());
  }
  const auto done = [&] {
    return std::all_of(asked.begin(), asked.end(),
                       [](const Lane* lane) { return lane->snapshot_idle(); });
  };
  Wake pause;
  while (!done() && clock_.steady() < end) {
    // Again and again: a lane that has one under way begins this one when that is published.
    for (auto& worker : workers_) worker->wake().signal();
    pause.wait_for(kPoll);
  }
}

bool Engine::drained() const {
  if (!ready()) return false;
  return std::all_of(inputs_.begin(), inputs_.end(),
                     [](const auto& input) { return input->inbox.in_flight() == 0; });
}

/// Hands the lanes what the log holds beyond their snapshots, then opens the doors.
void Engine::replay() {
  LogPosition from = log_->durable_end();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i]) from = std::min(from, found_[i].replay_from);
  }
  snapshot_at_ = from.value();
  const FrameDecoder decode = plan_->make_decoder();
  const auto reader = log_->read_from(from);
  while (!stopping_.load(std::memory_order_acquire)) {
    const auto frame = reader->next();
    // Damage was found by the survey, and its partitions are stopped.
    if (!frame && frame.error().code == ErrorCode::corrupt) continue;
    if (!frame || (*frame && !feed(**frame, decode))) {
      logging::error("the log cannot be read back",
                     {{"why", frame ? "an event frame has another form" : frame.error().message}});
      return;
    }
    if (!*frame) break;
  }
  ready_.store(true, std::memory_order_release);
}

bool Engine::feed(const FrameView& frame, const FrameDecoder& decode) {
  const FrameHeader& header = frame.header;
  const std::size_t i = header.partition.value();
  if (header.topic != Topic::events || i >= lanes_.size() || !lanes_[i]) return true;
  const Offset begin = found_[i].replay_offset;
  if (header.base + header.rows <= begin) return true;
  InputFrame input{.first = header.base, .accepted = header.accepted};
  if (!decode(frame.body, header.rows, input.batch)) return false;
  if (header.base < begin) {
    input.batch = slice(input.batch, begin - header.base, header.rows);
    input.first = begin;
  }
  PartitionInput& to = *inputs_[i];
  {
    const std::lock_guard lock(to.mutex);
    for (std::size_t row = 0; row < input.batch.rows(); ++row) {
      to.duplicates.insert(input.first + row, input.batch.identity[row]);
    }
  }
  Wake pause;
  while (to.inbox.in_flight() > kReplayRowsMax && !stopping_.load(std::memory_order_acquire)) {
    pause.wait_for(kPoll);
  }
  to.inbox.push(std::move(input));
  return true;
}

}  // namespace ouzel
