// The worker's life: opening, the consumer thread, stopping. How partitions come and go is in
// kafka_partitions.cc, what the keeper does in kafka_keeper.cc.

#include "ouzel/engine/kafka/kafka_engine.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "ouzel/base/fault.h"
#include "ouzel/base/logging.h"
#include "ouzel/log/kafka/kafka_admin.h"
#include "ouzel/log/record_time.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kPollMax = 4096;
constexpr milliseconds kPoll{100};
constexpr milliseconds kEndAtLeast{1000};
/// A frame is cut here, so that a lane's steps stay short.
constexpr std::size_t kFrameRowsMax = 256;
constexpr std::uint64_t kInFlightBytesMax = 128 << 20;

std::string text(std::uint64_t number) { return std::to_string(number); }

std::string hex(std::uint64_t number) {
  std::array<char, 17> out{};
  std::snprintf(out.data(), out.size(), "%016llx", static_cast<unsigned long long>(number));
  return out.data();
}

/// Its record's time; of one without, its own: an event that nobody saw arrive is not ahead.
WallTime acceptance(const Record& record, EventTime own) {
  if (record.timestamp != kNoTimestamp || own == kNoTime) return record.timestamp;
  return WallTime(own.time_since_epoch());
}

/// Somebody may make it while we wait.
tl::unexpected<Error> missing(const std::string& topic) {
  return fail(ErrorCode::unavailable,
              "kafka: there is no topic " + topic +
                  ": make it (`ouzel topics create FILE` makes all that the "
                  "pipeline needs), or correct its name");
}

}  // namespace

Result<std::uint16_t> KafkaEngine::count_partitions(const KafkaEngineOptions& options,
                                                    milliseconds wait) {
  const KafkaSourceSpec& source = options.source;
  NoListener nobody;
  OUZEL_TRY(const auto consumer, open_consumer({.settings = options.consumer_settings,
                                                .topic = source.topic,
                                                .group = source.group},
                                               nobody));
  OUZEL_TRY(const std::uint32_t count, consumer->partitions_of(source.topic, wait));
  if (count == 0) return missing(source.topic);
  if (count > kPartitionsMax) {
    return fail(ErrorCode::config, "kafka: topic " + source.topic + " has " + text(count) +
                                       " partitions; at most " + text(kPartitionsMax) +
                                       " can be worked on");
  }
  for (const std::string& topic : {source.outcomes, source.rejects}) {
    OUZEL_TRY(const std::uint32_t has, consumer->partitions_of(topic, wait));
    if (has == 0) return missing(topic);
    if (has < count) {
      return fail(ErrorCode::unavailable,
                  "kafka: topic " + topic + " has " + text(has) + " partitions, its input " +
                      source.topic + " has " + text(count) +
                      ": give it as many, so that the order of each key is kept");
    }
  }
  for (const std::string& topic : {source.journal, source.models}) {
    OUZEL_TRY(const std::uint32_t has, consumer->partitions_of(topic, wait));
    if (has == 0) return missing(topic);
  }
  return static_cast<std::uint16_t>(count);
}

KafkaEngine::KafkaEngine(FileSystem& fs, const Clock& clock, const KafkaWork& work,
                         KafkaEngineOptions options)
    : fs_(fs),
      clock_(clock),
      partition_count_(work.plan->partitions),
      options_(std::move(options)),
      records_(
          {.topic = options_.source.topic, .connect_headers = options_.source.connect_headers}),
      work_(work) {}

KafkaEngine::~KafkaEngine() { stop(std::chrono::hours(1)); }

Result<std::unique_ptr<KafkaEngine>> KafkaEngine::open(FileSystem& fs, const Clock& clock,
                                                       Random& random, const KafkaWork& work,
                                                       KafkaEngineOptions options) {
  std::unique_ptr<KafkaEngine> engine(new KafkaEngine(fs, clock, work, std::move(options)));
  OUZEL_TRY_VOID(engine->prepare(random));
  return engine;
}

Result<void> KafkaEngine::prepare(Random& random) {
  const KafkaSourceSpec& source = options_.source;
  const Plan& plan = *work_.plan;
  const DirectoryMeta wanted{.partitions = plan.partitions, .key = plan.schema.key};
  OUZEL_TRY(directory_, DataDirectory::open(fs_, options_.data_dir, wanted, random));
  transactional_id_ = source.group + "-" + worker();
  for (const std::string& path : {snapshot_root(), snapshot_root() + "/" + transactional_id_}) {
    OUZEL_TRY_VOID(fs_.make_directory(path));
  }
  OUZEL_TRY_VOID(fs_.sync_directory(snapshot_root()));
  const std::string names = source.group + '\n' + source.topic + '\n' + plan.schema.key.name;
  owners_.emplace(fs_, snapshot_root(), transactional_id_, hash128(names).low);
  plans_.emplace(fs_, clock_,
                 SharedPlans::Options{.root = plans_root(source.snapshots, options_.data_dir),
                                      .worker = worker(),
                                      .retention = options_.retention});
  OUZEL_TRY_VOID(plans_->keep(plan));  // Before any outcome is decided by it.
  OUZEL_TRY(consumer_, open_consumer({.settings = options_.consumer_settings,
                                      .topic = source.topic,
                                      .group = source.group,
                                      .ends = true},
                                     *this));
  channel_.emplace(GroupPlan({.consumer_settings = options_.consumer_settings,
                              .producer_settings = options_.producer_settings,
                              .topic = source.models,
                              .group = source.group,
                              .worker = transactional_id_}),
                   [this] { keeper_wake_.signal(); });
  const bool exactly = source.guarantee == Guarantee::exactly_once;
  TransactionLogOptions options;
  options.interval_min = source.transaction;
  if (!exactly) {
    // Without transactions nothing waits for the coordinator.
    options.interval_min = options.interval_max = std::chrono::milliseconds(2);
    options.offsets_every = std::chrono::milliseconds(100);
  }
  log_ = std::make_unique<TransactionLog>(
      TransactionLogSeams{
          .clock = &clock_,
          .group = consumer_.get(),
          .make_producer = [this,
                            exactly] { return make_producer(exactly ? transactional_id_ : ""); },
          .records = [this](PartitionId id, std::string_view body,
                            KafkaProducer& producer) { return write_records(id, body, producer); },
          .sweep =
              exactly
                  ? [this](KafkaProducer& producer) { return sweep(producer, 0, partition_count_); }
                  : std::function<TransactionResult(KafkaProducer&)>(),
          .committed = [this](std::span<const FrameHeader> headers) { committed(headers); },
          .diverged =
              [this](PartitionId id) {
                const std::lock_guard lock(mutex_);
                diverged_.push_back(id);
              }},
      options);
  return {};
}

Result<std::unique_ptr<KafkaProducer>> KafkaEngine::make_producer(const std::string& id) {
  return open_producer({.settings = options_.producer_settings,
                        .input_topic = options_.source.topic,
                        .transactional_id = id,
                        .batch_bytes = batch_bytes_,
                        .too_large = [this](const TooLarge& what) { note_too_large(what); }});
}

std::string KafkaEngine::worker() const { return hex(log_id()); }

/// Where the group stands beside transactions that are not decided yet. By a client of its own: one
/// that has outlived its group's coordinator may wait for that broker for ever (librdkafka 2.15
/// keeps who coordinates, when the broker itself is forgotten).
Result<std::vector<GroupOffset>> KafkaEngine::group_before() const {
  OUZEL_TRY(const auto admin, KafkaAdmin::open(options_.producer_settings, kAsk));
  return admin->committed(options_.source.group, options_.source.topic, partition_count_);
}

/// These partitions' places.
TransactionResult KafkaEngine::sweep(KafkaProducer& producer, std::uint16_t begin,
                                     std::uint16_t end) const {
  std::vector<OutRecord> places;
  for (std::uint16_t i = begin; i < end; ++i) {
    for (const std::string* topic : {&options_.source.outcomes, &options_.source.rejects}) {
      places.push_back({.topic = topic, .partition = PartitionId(i)});
    }
  }
  places.push_back({.topic = &options_.source.journal, .partition = PartitionId(0)});
  auto offsets = group_before();
  if (!offsets) {
    return tl::unexpected(
        TransactionError{TransactionFault::dead, "sweep: " + offsets.error().message});
  }
  std::erase_if(*offsets, [](const GroupOffset& one) { return !one.offset; });
  if (offsets->size() > 1) offsets->resize(1);  // The group has one place for all.
  return producer.sweep(places, *offsets, *consumer_);
}

void KafkaEngine::start() {
  log_->start();
  for (std::uint32_t i = 0; i < std::max(1U, options_.workers); ++i) {
    workers_.push_back(std::make_unique<Worker>(*log_));
    workers_.back()->start();
  }
  snapshot_time_ = clock_.steady();
  keeper_thread_ = std::thread([this] { run_keeper(); });
  consumer_thread_ = std::thread([this] { run_consumer(); });
}

bool KafkaEngine::stop(std::chrono::nanoseconds limit) {
  if (!consumer_thread_.joinable()) return log_ == nullptr || log_->stop(limit);
  close_until_ = clock_.steady() + limit;
  closing_.store(true, std::memory_order_release);
  if (!consumer_ended_.wait_for(limit)) {
    log_->give_up();  // Nobody waits for the end of a transaction any more.
    if (!consumer_ended_.wait_for(kEndAtLeast)) return false;
  }
  consumer_thread_.join();
  stopping_.store(true, std::memory_order_release);
  keeper_wake_.signal();
  keeper_thread_.join();
  for (auto& worker : workers_) worker->stop();
  return log_->stop(
      std::max(close_until_.load() - clock_.steady(), std::chrono::nanoseconds(kEndAtLeast)));
}

std::shared_ptr<const Plan> KafkaEngine::plan() const {
  const std::lock_guard lock(mutex_);
  return work_.plan;
}

KafkaEngine::PartitionPtr KafkaEngine::find(PartitionId id) const {
  const std::lock_guard lock(mutex_);
  const auto at = partitions_.find(id);
  return at == partitions_.end() ? nullptr : at->second;
}

std::vector<KafkaEngine::PartitionPtr> KafkaEngine::all() const {
  std::vector<PartitionPtr> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, partition] : partitions_) out.push_back(partition);
  return out;
}

bool KafkaEngine::ready() const {
  if (!log_->ready() || !joined_.load(std::memory_order_acquire)) return false;
  const auto partitions = all();
  return std::all_of(partitions.begin(), partitions.end(), [](const PartitionPtr& partition) {
    return !partition->lane || partition->lane->next() >= partition->found.committed;
  });
}

std::uint64_t KafkaEngine::in_flight() const {
  std::uint64_t rows = 0;
  for (const PartitionPtr& partition : all()) rows += partition->input.inbox.in_flight();
  return rows;
}

void KafkaEngine::run_consumer() {
  read_ = work_.make_reader();
  Wake pause;
  // What an earlier process of this id left open must be decided before offsets are read.
  while (!log_->ready() && !closing_.load()) pause.wait_for(milliseconds(5));
  while (!closing_.load(std::memory_order_acquire)) {
    consumer_->poll(kPoll, kPollMax, fetched_);
    consume();
    change_over();
    reopen_diverged();
    hold_back();
  }
  consumer_->close();
  consumer_ended_.signal();
}

/// Makes frames of what has come: rows of one partition without a hole between their offsets. What
/// cannot be read now, and all behind it, stays in `fetched_`.
void KafkaEngine::consume() {
  Frames frames;
  std::string why;
  auto next = fetched_.begin();
  for (; next != fetched_.end(); ++next) {
    if (const auto fed = feed(*next, frames); !fed) {
      why = fed.error().message;
      break;
    }
  }
  fetched_.erase(fetched_.begin(), next);
  for (auto& [id, frame] : frames) push(id, std::move(frame));
  if (fetched_.empty()) {
    for (const auto& [id, end] : std::exchange(ends_, {})) {
      if (const PartitionPtr partition = find(id)) partition->read_to = end;
    }
  }
  const std::lock_guard lock(mutex_);
  if (waiting_for_.empty() && !why.empty()) {
    logging::warn("events wait, as they cannot be read yet", {{"why", why}});
  } else if (!waiting_for_.empty() && why.empty()) {
    logging::info("events are read again");
  }
  waiting_for_ = std::move(why);
}

/// Takes the message over. Error unavailable: reading it takes what cannot be had now.
Result<void> KafkaEngine::feed(KafkaMessage& message, Frames& frames) {
  const Record& record = message.record();
  const PartitionPtr partition = find(record.partition);
  // Fetched before the partition went, or before a lane went back to its snapshot.
  if (!partition || !partition->lane || partition->out_of_place) return {};
  if (halted_.load(std::memory_order_relaxed)) return {};
  InputFrame& frame = frames[record.partition];
  const std::size_t rows = frame.batch.rows();
  const Offset next = rows > 0 ? frame.first + rows : partition->input.next;
  if (record.offset < next) return {};
  if (rows > 0 && (record.offset != next || rows >= kFrameRowsMax)) {
    push(record.partition, std::exchange(frame, {}));
  }
  if (frame.batch.rows() == 0) frame.first = record.offset;
  OUZEL_TRY_VOID(read_(record, frame.batch));
  frame.accepted = acceptance(record, frame.batch.time.back());
  frame.batch.accepted.push_back(frame.accepted);
  fed_bytes_ += record.value ? record.value->size() : 0;
  if (record.offset >= partition->found.committed) {
    received_.fetch_add(1, std::memory_order_relaxed);
    partition->originals.push(std::move(message));
  }
  return {};
}

void KafkaEngine::push(PartitionId id, InputFrame frame) {
  const PartitionPtr partition = find(id);
  if (!partition || !partition->lane || frame.batch.rows() == 0) return;
  {
    const std::lock_guard lock(partition->input.mutex);
    partition->input.next = frame.first + frame.batch.rows();
  }
  partition->input.inbox.push(std::move(frame));
}

/// Fetches no more while too much is in flight, or while what came cannot be read. A short wait is
/// waited out; in a long one the group must hear from us all the same.
void KafkaEngine::hold_back() {
  const auto full = [this] {
    std::uint64_t bytes = 0;
    for (const PartitionPtr& partition : all()) bytes += partition->originals.bytes();
    return in_flight() >= options_.in_flight || bytes >= kInFlightBytesMax;
  };
  constexpr int kShort = 100;
  Wake pause;
  for (int i = 0; i < kShort && full(); ++i) pause.wait_for(milliseconds(1));
  if (!full() && fetched_.empty()) return;
  consumer_->pause(true);
  while ((full() || !fetched_.empty()) && !change_asked() &&
         !closing_.load(std::memory_order_acquire)) {
    // Something may still come, of a partition that was given to us just now.
    consumer_->poll(kPoll, fetched_.size() + 1, fetched_);
    consume();
    reopen_diverged();
  }
  consumer_->pause(false);
}

/// On the log's thread. An outcome goes to the partition of its event.
TransactionResult KafkaEngine::write_records(PartitionId id, std::string_view body,
                                             KafkaProducer& producer) {
  kill_point(KillPoint::before_produce);
  const PartitionPtr partition = find(id);
  if (!partition) return {};
  const auto broken = [&](const Error& error) {
    logging::error("outcomes cannot be written",
                   {{"partition", text(id.value())}, {"why", error.message}});
    const std::lock_guard lock(mutex_);
    diverged_.push_back(id);
    return tl::unexpected(TransactionError{TransactionFault::abort, error.message});
  };
  const auto opened = records_.open(
      id, body, [&partition](Offset offset) { return partition->originals.find(offset); });
  if (!opened) return broken(opened.error());
  for (;;) {
    const auto record = records_.next();
    if (!record) return broken(record.error());
    if (*record == nullptr) break;
    const bool reject = (*record)->kind == OutcomeRecord::Kind::reject;
    auto done =
        producer.produce({.topic = reject ? &options_.source.rejects : &options_.source.outcomes,
                          .partition = id,
                          .key = (*record)->key,
                          .value = (*record)->value,
                          .headers = (*record)->headers});
    if (!done) return done;
  }
  return write_journal(*partition, body, producer);
}

/// On the log's thread. The brokers say neither what they would take nor whether it was the record
/// or its batch: only a record that was alone in its batch shows that it is the record.
void KafkaEngine::note_too_large(const TooLarge& what) {
  if (what.record_bytes <= what.batch_bytes) {
    constexpr std::uint64_t kStep = 4;
    const std::uint64_t next = std::max<std::uint64_t>(1, what.batch_bytes / kStep);
    if (next == std::exchange(batch_bytes_, next)) return;
    return logging::warn(
        "batches become smaller: a topic does not take them (max.message.bytes, batch.size)",
        {{"topic", what.topic}, {"batch_bytes", text(next)}});
  }
  if (what.topic != options_.source.rejects || what.record_bytes > records_.reject_bytes_max()) {
    return;
  }
  records_.set_reject_bytes_max(what.record_bytes - 1);
  logging::warn("rejects leave out large originals: their topic takes no more (max.message.bytes)",
                {{"topic", what.topic}, {"from_bytes", text(what.record_bytes)}});
}

/// A record of the plan in force, with the first outcomes that another plan than before decided.
TransactionResult KafkaEngine::write_journal(KafkaPartition& partition, std::string_view body,
                                             KafkaProducer& producer) {
  const Hash128& plan = partition.plan->hash;
  if (partition.found.plan == plan) return {};
  const auto commit = CommitReader::open(body);
  if (!commit) return {};
  // A first commit may be without rows. Sent again after an abort it is the same record.
  const std::pair<Offset, std::uint32_t> commit_at{commit->first(), commit->rows()};
  if (!partition.first_commit) partition.first_commit = commit_at;
  if (commit_at != *partition.first_commit) return {};
  const std::string key = text(partition.id.value());
  journal_value_ = "{\"partition\":" + key + ",\"from\":" + text(commit->first().value()) +
                   ",\"plan\":\"" + to_string(plan) + "\",\"worker\":\"" + transactional_id_ +
                   "\"}";
  return producer.produce({.topic = &options_.source.journal,
                           .partition = PartitionId(0),
                           .key = key,
                           .value = journal_value_});
}

/// On the log's thread: what is committed is visible.
void KafkaEngine::committed(std::span<const FrameHeader> headers) {
  const WallTime now = clock_.wall();
  for (const FrameHeader& header : headers) {
    const PartitionPtr partition = find(header.partition);
    if (!partition) continue;
    {
      const std::lock_guard lock(partition->ledger_mutex);
      settle_commit(partition->ledger, partition->input.inbox, now, end_to_end_ns_);
    }
    partition->originals.drop_below(header.base + header.rows);
  }
  if (signal_) signal_();
}

/// Of one partition; a stopped one is but a reason.
LaneStatus KafkaEngine::status_of(KafkaPartition& partition) const {
  LaneStatus out;
  out.partition = partition.id;
  out.keys_max = partition.plan->keys_max;
  out.before = partition.found.totals;
  Offset fetched;
  {
    const std::lock_guard lock(partition.input.mutex);
    fetched = std::max(partition.input.next, partition.read_to.load());
  }
  if (const auto end = consumer_->end_seen(partition.id); end && *end > fetched) {
    out.unread = *end - fetched;
  }
  const bool recovers = partition.lane && partition.lane->next() < partition.found.committed;
  {
    const std::lock_guard lock(partition.ledger_mutex);
    out.totals = partition.ledger.totals;
    out.newest_event = partition.ledger.newest_event;
    // What is replayed was accepted before.
    out.accepted = out.totals.scored + out.totals.rejected_total() +
                   (recovers ? 0 : partition.input.inbox.in_flight());
  }
  out.why = partition.found.stopped;
  out.state = LaneStatus::State::stopped;
  if (!partition.lane) return out;
  out.state = recovers ? LaneStatus::State::recovering : LaneStatus::State::running;
  out.keys = partition.lane->keys();
  out.keys_evicted = partition.lane->keys_evicted();
  return out;
}

/// A counter must not fall when a partition goes. Under mutex_.
void KafkaEngine::count_gone(KafkaPartition& partition) {
  const LaneStatus last = status_of(partition);
  LaneStatus& gone = gone_.gone;
  (gone.totals += last.totals) -= last.before;
  gone.accepted += last.accepted - last.before.scored - last.before.rejected_total();
  gone.keys_evicted += last.keys_evicted;
  if (partition.lane) add_counts(*partition.lane, gone_);
}

EngineStatus KafkaEngine::status() const {
  EngineStatus out;
  std::vector<PartitionPtr> partitions;
  std::shared_ptr<const Plan> plan;
  {
    const std::lock_guard lock(mutex_);  // What has gone and what is here, of one instant.
    out = gone_;
    for (const auto& [id, partition] : partitions_) partitions.push_back(partition);
    plan = work_.plan;
  }
  out.pipeline = plan->pipeline;
  out.model_name = plan->model_name;
  out.model_version = plan->model_version;
  for (const PartitionPtr& partition : partitions) {
    out.lanes.push_back(status_of(*partition));
    if (partition->slots) out.log.snapshot_bytes += partition->slots->bytes_on_disk();
    if (partition->lane) add_counts(*partition->lane, out);
  }
  if (sinks_) out.sinks = sinks_();
  out.end_to_end_ns.add(end_to_end_ns_);
  out.sync_ns.add(log_->commit_ns());
  out.snapshot_ns.add(snapshot_ns_);
  out.log.events_bytes = fed_bytes_.load();
  out.log.outcomes_bytes = log_->committed_bytes();
  out.log.admits_events = log_->has_room(0, &out.log.why);
  const std::lock_guard lock(mutex_);
  if (out.log.why.empty()) out.log.why = stopped_.empty() ? waiting_for_ : stopped_;
  if (out.log.why.empty()) out.log.why = silence();
  out.log.admits_events = out.log.why.empty();
  // One of several brokers may be away without harm.
  if (out.log.why.empty()) out.log.why = consumer_->trouble();
  return out;
}

}  // namespace ouzel
