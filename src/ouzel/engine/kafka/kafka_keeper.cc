// The slow side of a worker: snapshots are asked for and published, the plan is kept, and the
// number of the topic's partitions is watched.

#include <algorithm>
#include <cstdlib>

#include "ouzel/base/exit_code.h"
#include "ouzel/base/fault.h"
#include "ouzel/base/logging.h"
#include "ouzel/engine/kafka/kafka_engine.h"
#include "ouzel/log/kafka/kafka_settings.h"

namespace ouzel {
namespace {

constexpr std::chrono::nanoseconds kLook = std::chrono::seconds(1);
/// Where little comes a snapshot is taken so often all the same, so that a hand-over is short; a
/// large state is written less often.
constexpr std::chrono::nanoseconds kSnapshotEvery = std::chrono::seconds(10);
constexpr std::uint64_t kLargeState = 64 << 20;
constexpr std::uint64_t kLargeStateTimes = 6;
constexpr std::chrono::nanoseconds kWatchEvery = std::chrono::seconds(10);
/// So often in a row, a second apart: a broker that starts may not know all topics.
constexpr int kMissedMax = 5;
constexpr std::chrono::milliseconds kAskModels{2000};
constexpr std::chrono::nanoseconds kSilent = std::chrono::seconds(5);
/// A partition's other owners are looked through so often at most; it costs a listing of each.
constexpr std::chrono::nanoseconds kCleanEvery = std::chrono::minutes(1);
constexpr std::chrono::seconds kHungMax{60};  ///< And as long as a transaction may last.
constexpr std::uint64_t kStateShare = 8;      ///< As the segment engine's (engine/keeper.cc).

}  // namespace

std::string KafkaEngine::snapshot_root() const {
  const std::string& shared = options_.source.snapshots;
  return shared.empty() ? directory_->snapshots_path() : shared;
}

void KafkaEngine::run_keeper() {
  while (!stopping_.load(std::memory_order_acquire)) {
    keeper_wake_.wait_for(kLook);
    end_if_hung();
    for (;;) {
      SnapshotJob job;
      {
        const std::lock_guard lock(keeper_mutex_);
        if (jobs_.empty()) break;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      publish(std::move(job));
    }
    for (const auto step :
         {&KafkaEngine::ask_for_snapshots, &KafkaEngine::remove_replaced, &KafkaEngine::keep_plan,
          &KafkaEngine::watch_partitions, &KafkaEngine::exchange_plans}) {
      if (closing_.load(std::memory_order_acquire)) break;  // The end does not wait for brokers.
      (this->*step)();
    }
  }
}

/// Each call has a time limit. One that does not come back long after it holds all partitions, and
/// nothing in this process can end it; whoever is started in its place, can. As after kill -9,
/// nothing is lost or doubled. Looks are counted, a second apart, and not the time: a process that
/// was stopped and goes on is not hung.
void KafkaEngine::end_if_hung() {
  const SteadyTime now = clock_.steady();
  if (closing_.load(std::memory_order_acquire)) return;  // A stop has limits of its own.
  if (const SteadyTime seen = log_->seen(); seen != log_seen_) {
    log_seen_ = seen;
    log_unseen_ = {};
  }
  if (now - hung_looked_ < kLook) return;
  hung_looked_ = now;
  log_unseen_ += kLook;
  if (log_unseen_ < kHungMax + transaction_timeout(options_.producer_settings)) return;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(log_unseen_).count();
  logging::error(
      "a call of the Kafka library does not come back: the program ends, to be started "
      "again",
      {{"seconds", std::to_string(seconds)}});
  std::_Exit(kExitUnavailable);
}

/// What the group says of its plan, and what this worker has to say of it.
void KafkaEngine::exchange_plans() {
  const SteadyTime now = clock_.steady();
  if (now - models_asked_ >= kLook) {
    models_asked_ = now;
    const auto end = consumer_->end_of(options_.source.models, kAskModels);
    note_answer(end.has_value(), now);
    if (end) channel_->watch(*end, plan()->text);
  }
  channel_->send();
}

/// Without traffic nothing else tells that no broker is there. One that hangs is no trouble while
/// others answer: a new client, unlike that which waits for it, finds them.
void KafkaEngine::note_answer(bool answered, SteadyTime asked) {
  if (!answered) {
    if (closing_.load(std::memory_order_acquire)) return;
    NoListener nobody;
    const auto other = open_consumer({.settings = options_.consumer_settings,
                                      .topic = options_.source.topic,
                                      .group = options_.source.group},
                                     nobody);
    answered = other && (*other)->partitions_of(options_.source.topic, kAskModels);
  }
  if (answered) {
    silent_since_ = SteadyTime{};
  } else if (silent_since_.load() == SteadyTime{}) {
    silent_since_ = asked;
  }
}

/// Why nothing can be had of any broker; empty: it can, or could just now.
std::string KafkaEngine::silence() const {
  const SteadyTime since = silent_since_.load();
  if (since == SteadyTime{} || clock_.steady() - since < kSilent) return {};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(clock_.steady() - since).count();
  const std::string why = consumer_->trouble();
  return "no broker has answered for " + std::to_string(seconds) + " s" +
         (why.empty() ? "" : ": " + why);
}

void KafkaEngine::keep_plan() {
  const SteadyTime now = clock_.steady();
  const bool first = plan_kept_ == SteadyTime{};
  if (!first && now - plan_kept_ < SharedPlans::kKeepEvery) return;
  plan_kept_ = now;
  const std::lock_guard lock(plans_mutex_);
  auto done = first ? Result<void>() : plans_->keep(*plan());  // `prepare` has kept it just now.
  if (done) done = plans_->remove_expired();
  if (!done) logging::warn("plans not kept", {{"why", done.error().message}});
}

/// A snapshot counts only once the commit it belongs to is visible.
void KafkaEngine::publish(SnapshotJob job) {
  const PartitionPtr partition = find(job.header.partition);
  // It may have gone meanwhile, and have come again with other slots.
  if (!partition || partition->slots.get() != job.slots) return;
  auto durable = std::make_shared<Wake>();
  auto failed = std::make_shared<std::atomic<bool>>(false);
  log_->when_durable(job.commit, [durable, failed](const std::optional<Error>& error) {
    failed->store(error.has_value());
    durable->signal();
  });
  log_->hurry();
  while (!fault(Fault::snapshot_ahead) && !durable->wait_for(kLook) && !stopping_.load()) {
    end_if_hung();
    if (find(job.header.partition) != partition) return;
  }
  if (failed->load() || stopping_.load()) return;
  kill_point(KillPoint::before_snapshot);
  const auto done = job.slots->publish(job.header);
  kill_point(KillPoint::after_snapshot);
  if (done) {
    partition->published = true;
    snapshot_ns_.record(static_cast<std::uint64_t>((clock_.steady() - job.begun).count()));
  } else {
    logging::warn("snapshot not published",
                  {{"partition", std::to_string(job.header.partition.value())},
                   {"why", done.error().message}});
  }
  partition->lane->snapshot_published();
}

/// Snapshots of workers that had a partition before: of one partition a round, so that a hand-over
/// does not wait for it. What cannot be removed now will be later.
void KafkaEngine::remove_replaced() {
  const SteadyTime now = clock_.steady();
  const auto partitions = all();
  const auto due = std::find_if(partitions.begin(), partitions.end(), [&](const auto& one) {
    return one->published && (one->cleaned == SteadyTime{} || now - one->cleaned >= kCleanEvery);
  });
  if (due == partitions.end()) return;
  KafkaPartition& partition = **due;
  partition.published = false;
  const auto at = consumer_->committed({&partition.id, 1}, kAsk);
  if (!at || at->size() != 1 || !at->front().offset) return;
  const auto note = read_note(at->front().metadata);
  const auto done = owners_->remove_replaced({.partition = partition.id,
                                              .committed = *at->front().offset,
                                              .decided = note && note->plan == partition.plan->hash,
                                              .state = partition.plan->state_hash});
  if (!done) logging::warn("old snapshots not removed", {{"why", done.error().message}});
  if (!done || *done) partition.cleaned = now;
}

void KafkaEngine::ask_for_snapshots() {
  const auto partitions = all();
  std::uint64_t state = 0;
  for (const PartitionPtr& one : partitions) state += one->lane ? one->lane->state_bytes() : 0;
  const std::uint64_t fed = fed_bytes_.load(std::memory_order_relaxed);
  const std::uint64_t interval = std::max(options_.snapshot_bytes, state / kStateShare);
  const SteadyTime now = clock_.steady();
  if (fed == snapshot_at_) return;
  const auto every = kSnapshotEvery * (state > kLargeState ? kLargeStateTimes : 1);
  if (fed - snapshot_at_ < interval && now - snapshot_time_ < every) return;
  snapshot_at_ = fed;
  snapshot_time_ = now;
  for (const PartitionPtr& one : partitions) {
    if (!one->lane) continue;
    one->lane->request_snapshot();
    one->worker->wake().signal();
  }
}

/// New partitions move keys: whoever goes on would split their state. A topic that was removed
/// takes the group's offsets along, and one of its name counts from 0 again.
void KafkaEngine::watch_partitions() {
  const SteadyTime now = clock_.steady();
  if (now - watched_ < (missed_ > 0 ? kLook : kWatchEvery)) return;
  watched_ = now;
  const auto count = consumer_->partitions_of(options_.source.topic, kAsk);
  missed_ = count && *count == 0 ? missed_ + 1 : 0;
  if (missed_ >= kMissedMax) {
    const std::lock_guard lock(mutex_);
    if (!stopped_.empty()) return;
    stopped_ =
        "topic " + options_.source.topic +
        " was removed: make it again (ouzel topics create FILE), then start its workers anew";
    halted_.store(true);
    return logging::error("the topic is gone", {{"why", stopped_}});
  }
  if (!count || *count == 0) return;
  const auto id = consumer_->topic_id(kAsk);
  if (topic_id_.empty() && id) topic_id_ = *id;
  const bool anew = id && *id != topic_id_;
  if (!anew && *count == partition_count_) return;
  const std::lock_guard lock(mutex_);
  if (!stopped_.empty()) return;
  stopped_ = "topic " + options_.source.topic;
  if (anew) {
    stopped_ += " was removed and made anew while it was read, and offsets of group " +
                options_.source.group +
                " may be of the old one: set them to its beginning, then start its workers anew";
  } else {
    stopped_ += " has " + std::to_string(*count) + " partitions now, it had " +
                std::to_string(partition_count_) +
                ": keys have moved; go on under another source.kafka.group and data directory";
  }
  halted_.store(true);
  logging::error("the topic has changed", {{"why", stopped_}});
}

}  // namespace ouzel
