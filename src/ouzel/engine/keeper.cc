// The engine's slow side: what becomes durable is counted, snapshots are published and asked for,
// the journal is written, and retention is told what is still needed.

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>

#include "ouzel/base/fault.h"
#include "ouzel/base/logging.h"
#include "ouzel/engine/engine.h"

namespace ouzel {

/// On the log's writer thread, once a round.
void Engine::became_durable(std::span<const FrameHeader> headers) {
  if (readers_.signal) readers_.signal();
  const WallTime now = clock_.wall();
  const std::lock_guard lock(ledger_mutex_);
  for (const FrameHeader& header : headers) {
    const std::size_t i = header.partition.value();
    if (header.topic == Topic::events) ledgers_[i].accepted = header.base + header.rows;
    if (header.topic != Topic::outcomes) continue;
    settle_commit(ledgers_[i], inputs_[i]->inbox, now, end_to_end_ns_);
  }
  if (log_->durable_end().value() - snapshot_at_ >= snapshot_interval()) keeper_wake_.signal();
}

/// A round of snapshots rewrites most of a busy state, so a large one waits for more of the log:
/// the state is never written more than kStateShare times as fast as the log grows. The price is a
/// replay of an eighth of the state's size.
std::uint64_t Engine::snapshot_interval() const {
  constexpr std::uint64_t kStateShare = 8;
  std::uint64_t state = 0;
  for (const auto& lane : lanes_) state += lane ? lane->state_bytes() : 0;
  return std::max(options_.snapshot_bytes, state / kStateShare);
}

void Engine::run_keeper() {
  while (!stopping_.load(std::memory_order_acquire)) {
    keeper_wake_.wait();
    for (;;) {
      SnapshotJob job;
      JournalEntry entry;
      bool have_entry = false;
      {
        const std::lock_guard lock(keeper_mutex_);
        if (!jobs_.empty()) {
          job = std::move(jobs_.front());
          jobs_.pop_front();
        } else if (!entries_.empty()) {
          entry = entries_.front();
          entries_.pop_front();
          have_entry = true;
        }
      }
      if (job.slots != nullptr) {
        publish(std::move(job));
      } else if (have_entry) {
        if (const auto added = journal_->add(entry); !added) {
          logging::warn("journal not written", {{"why", added.error().message}});
        }
      } else {
        break;
      }
    }
    ask_for_snapshots();
  }
}

/// All lanes at about the same position of the log, so that an idle one does not pin it.
void Engine::ask_for_snapshots() {
  const std::uint64_t end = log_->durable_end().value();
  std::uint64_t last = snapshot_at_.load(std::memory_order_relaxed);
  if (!ready() || end - last < snapshot_interval()) return;
  snapshot_at_.store(end, std::memory_order_relaxed);
  for (const auto& lane : lanes_) {
    if (lane) lane->request_snapshot();
  }
  for (const auto& worker : workers_) worker->wake().signal();
}

/// A snapshot counts only once the commit it belongs to is on disk.
void Engine::publish(SnapshotJob job) {
  const std::size_t i = job.header.partition.value();
  struct Waiting {
    Wake durable;
    std::atomic<bool> failed{false};
  };
  const auto waiting = std::make_shared<Waiting>();  // Who signals is in there a moment longer.
  if (!fault(Fault::snapshot_ahead)) {
    log_->when_durable(job.commit, [waiting](const std::optional<Error>& error) {
      waiting->failed.store(error.has_value(), std::memory_order_release);
      waiting->durable.signal();
    });
    log_->flush();
    waiting->durable.wait();
  }
  job.header.durable = log_->durable_end();
  const auto done = waiting->failed.load(std::memory_order_acquire)
                        ? Result<void>(fail(ErrorCode::unavailable, "the log has failed"))
                        : job.slots->publish(job.header);
  if (done) {
    kept_[i] = {job.header.resume, kept_[i][0]};
    snapshot_ns_.record(static_cast<std::uint64_t>((clock_.steady() - job.begun).count()));
    keep_needed();
  } else {
    logging::warn("snapshot not published",
                  {{"partition", std::to_string(i)}, {"why", done.error().message}});
  }
  lanes_[i]->snapshot_published();
}

/// Retention must leave what the older of each lane's two snapshots needs, and the readers.
void Engine::keep_needed() {
  LogPosition needed(~std::uint64_t{0} - 1);
  for (const auto& [newest, older] : kept_) needed = std::min({needed, newest, older});
  if (readers_.needed) needed = std::min(needed, readers_.needed());
  log_->keep_from(needed);
}

EngineStatus Engine::status() const {
  EngineStatus out;
  out.pipeline = plan_->pipeline;
  out.model_name = plan_->model_name;
  out.model_version = plan_->model_version;
  out.earlier_models = earlier_models_;
  out.lanes.resize(lanes_.size());
  {
    const std::lock_guard lock(ledger_mutex_);
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      LaneStatus& lane = out.lanes[i];
      lane.accepted = ledgers_[i].accepted.value();
      lane.totals = ledgers_[i].totals;
      lane.newest_event = ledgers_[i].newest_event;
    }
    out.end_to_end_ns.add(end_to_end_ns_);
  }
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    LaneStatus& status = out.lanes[i];
    status.partition = PartitionId(static_cast<std::uint16_t>(i));
    status.duplicates = inputs_[i]->duplicate_rows.load(std::memory_order_relaxed);
    status.keys_max = plan_->keys_max;
    status.state = LaneStatus::State::stopped;
    status.why = found_[i].stopped;
    out.log.snapshot_bytes += slots_[i]->bytes_on_disk();
    if (!lanes_[i]) continue;
    const Lane& lane = *lanes_[i];
    const bool caught_up = ready() && lane.next() >= found_[i].committed;
    status.state = caught_up ? LaneStatus::State::running : LaneStatus::State::recovering;
    status.keys = lane.keys();
    status.keys_evicted = lane.keys_evicted();
    add_counts(lane, out);
  }
  if (readers_.status) out.sinks = readers_.status();
  out.sync_ns.add(log_->sync_ns());
  out.snapshot_ns.add(snapshot_ns_);
  out.log.events_bytes = log_->appended_bytes(Topic::events);
  out.log.outcomes_bytes = log_->appended_bytes(Topic::outcomes);
  out.log.log_bytes = log_->bytes_on_disk();
  out.log.admits_events = log_->admits_events(&out.log.why);
  return out;
}

}  // namespace ouzel
