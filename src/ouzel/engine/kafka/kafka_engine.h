/// KafkaEngine: one worker of a pipeline whose log is Kafka: a member of a consumer group that runs
/// a lane for each partition it is given, from recovery to a clean stop.
///
///   consumer thread   polls, makes rows of records, feeds the lanes; partitions come and go on it
///   workers           run the lanes
///   the log's thread  writes outcomes and offsets in transactions (transaction_log.h)
///   keeper            publishes snapshots, keeps the plan, watches the number of partitions
///
/// What the segment engine reads from its outcome frames this one reads from the committed offset
/// and its note (log/kafka/group.h). A partition's state is the newest snapshot at or before that
/// offset, and a replay of the records from there with the output suppressed.
///
/// Owns all of that; `fs` and `clock` must outlive it. `open`, `start` and `stop` belong to one
/// thread; everything else is thread-safe.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/file_system.h"
#include "ouzel/engine/data_directory.h"
#include "ouzel/engine/kafka/partition.h"
#include "ouzel/engine/kafka/plan_channel.h"
#include "ouzel/engine/kafka/shared_plans.h"
#include "ouzel/engine/kafka/snapshot_owners.h"
#include "ouzel/lane/plan.h"
#include "ouzel/lane/status.h"
#include "ouzel/log/kafka/kafka_spec.h"
#include "ouzel/log/kafka/outcome_records.h"
#include "ouzel/log/kafka/transaction_log.h"

namespace ouzel {

/// Appends the record's row to a batch, which it shapes where there is none yet; one thread. Error
/// unavailable: not now, the same again later.
using RecordReader = std::function<Result<void>(const Record&, Batch&)>;

/// What a worker runs, and how it reads records for that.
struct KafkaWork {
  std::shared_ptr<const Plan> plan;  ///< `partitions`: the topic's number.
  std::function<RecordReader()> make_reader;
};

struct KafkaEngineOptions {
  std::string data_dir;
  std::uint32_t workers = 1;
  bool rebuild_state = false;
  std::uint64_t snapshot_bytes = 64 << 20;  ///< Of records between two snapshots, at least.
  std::chrono::nanoseconds retention{};     ///< Of outcomes.
  std::uint64_t in_flight = 200'000;        ///< Rows fetched whose outcomes are not committed.
  KafkaSourceSpec source;                   ///< With the names that the file leaves out.
  KafkaSettingList consumer_settings;
  KafkaSettingList producer_settings;
};

class KafkaEngine final : public StatusSource, private GroupListener {
 public:
  /// Reaches the brokers and reads how many partitions the topics have, for at most `wait`. Errors:
  /// config (a setting), unavailable (no broker answers, a topic is missing or has too few
  /// partitions: it may pass).
  static Result<std::uint16_t> count_partitions(const KafkaEngineOptions& options,
                                                std::chrono::milliseconds wait);
  static Result<std::unique_ptr<KafkaEngine>> open(FileSystem& fs, const Clock& clock,
                                                   Random& random, const KafkaWork& work,
                                                   KafkaEngineOptions options);
  ~KafkaEngine() override;
  KafkaEngine(const KafkaEngine&) = delete;
  KafkaEngine& operator=(const KafkaEngine&) = delete;

  void set_signal(std::function<void()> signal) { signal_ = std::move(signal); }
  /// How those are that send outcomes on. Before `start`.
  void set_sinks(std::function<std::vector<SinkStatus>()> sinks) { sinks_ = std::move(sinks); }
  void start();
  /// Commits what is in flight, takes last snapshots and leaves the group. `limit` bounds it.
  /// False: a call to the brokers has not come back; all that is left is to end the process.
  bool stop(std::chrono::nanoseconds limit);
  /// Goes on with other work, as a member of its group all the while: what is in flight is
  /// committed, then each partition is opened anew at that place. Not while it stops. Returns when
  /// the new work has begun; `ready` says when its state is there. On an error the old work goes
  /// on: unavailable (Kafka does not answer, or a state is still replayed; it may pass), and those
  /// of PlanArchive.
  Result<void> change(KafkaWork next);
  /// In force.
  std::shared_ptr<const Plan> plan() const;
  /// What the group says of its plan, and what to tell it.
  PlanChannel& channel() { return *channel_; }
  const PlanChannel& channel() const { return *channel_; }

  /// It has met its group and replayed what its partitions' snapshots lack.
  bool ready() const;
  Log& log() { return *log_; }
  /// This worker's as long as its data directory is there; so is the name.
  std::uint64_t log_id() const { return directory_->meta().log_id; }
  std::string worker() const;
  EngineStatus status() const override;
  /// Records that were fetched and not only to restore a state; as long as the engine lives.
  const std::atomic<std::uint64_t>& received() const { return received_; }
  /// What an earlier engine of this process has counted. Before `start`.
  void set_counts(std::uint64_t received, LaneStatus gone, std::vector<ModelScored> models) {
    received_ = received;
    gone_.gone = std::move(gone);
    gone_.earlier_models = std::move(models);
  }

 private:
  static constexpr std::chrono::milliseconds kAsk{5000};  ///< For one answer of the brokers.
  using PartitionPtr = std::shared_ptr<KafkaPartition>;
  using Frames = std::map<PartitionId, InputFrame>;

  /// Work to go on with, from who asks to the consumer thread.
  struct Change {
    KafkaWork next;
    bool begun = false;  ///< When `done`: it is what runs now.
    Wake done;
  };

  KafkaEngine(FileSystem& fs, const Clock& clock, const KafkaWork& work,
              KafkaEngineOptions options);
  Result<void> prepare(Random& random);
  Result<std::unique_ptr<KafkaProducer>> make_producer(const std::string& id);
  Result<std::vector<GroupOffset>> group_before() const;
  TransactionResult sweep(KafkaProducer& producer, std::uint16_t begin, std::uint16_t end) const;

  // GroupListener, on the consumer thread.
  std::vector<Offset> assigned(std::span<const PartitionId> partitions) override;
  void revoked(std::span<const PartitionId> partitions, bool lost) override;
  std::optional<Offset> out_of_range(PartitionId partition) override;
  void at_end(PartitionId partition, Offset next) override { ends_[partition] = next; }

  Offset open_partition(PartitionId id, KafkaPartition* before = nullptr);
  std::optional<GroupOffset> find_committed(PartitionId id, bool& fenced);
  void fence_owner(PartitionId id);
  void recover(KafkaPartition& partition, const GroupOffset& at, const Watermarks& marks,
               KafkaPartition* before);
  static bool carry_on(KafkaPartition& partition, KafkaPartition* before);
  CommitNote read_offset(KafkaPartition& partition, const GroupOffset& at, const Watermarks& marks,
                         const KafkaPartition* before);
  void judge(PartitionFound& found, PartitionId id, const CommitNote& note,
             const Watermarks& marks);
  void restore(KafkaPartition& partition);
  void restore_listed(KafkaPartition& partition);
  std::unique_ptr<Lane> make_lane(KafkaPartition& partition);
  void close_partition(KafkaPartition& partition);
  bool drain(std::span<const PartitionPtr> partitions, std::chrono::nanoseconds commit_max);
  bool change_asked() const;
  void change_over();
  void reopen_diverged();
  void reopen(PartitionId id, KafkaPartition* before = nullptr);
  std::string snapshot_root() const;

  void run_consumer();
  void consume();
  Result<void> feed(KafkaMessage& message, Frames& frames);
  void push(PartitionId id, InputFrame frame);
  void hold_back();
  std::uint64_t in_flight() const;
  LaneStatus status_of(KafkaPartition& partition) const;
  void count_gone(KafkaPartition& partition);
  void run_keeper();
  void publish(SnapshotJob job);
  void remove_replaced();
  void keep_plan();
  void ask_for_snapshots();
  void watch_partitions();
  void exchange_plans();
  void note_answer(bool answered, SteadyTime asked);
  std::string silence() const;
  void end_if_hung();
  void committed(std::span<const FrameHeader> headers);
  TransactionResult write_records(PartitionId id, std::string_view body, KafkaProducer& producer);

  void note_too_large(const TooLarge& what);
  TransactionResult write_journal(KafkaPartition& partition, std::string_view body,
                                  KafkaProducer& producer);

  PartitionPtr find(PartitionId id) const;
  std::vector<PartitionPtr> all() const;

  FileSystem& fs_;
  const Clock& clock_;
  const std::uint16_t partition_count_;
  KafkaEngineOptions options_;
  std::function<void()> signal_;
  std::function<std::vector<SinkStatus>()> sinks_;
  std::unique_ptr<DataDirectory> directory_;
  std::string transactional_id_;
  std::optional<SnapshotOwners> owners_;
  std::optional<SharedPlans> plans_;
  std::unique_ptr<KafkaConsumer> consumer_;
  std::unique_ptr<TransactionLog> log_;
  std::vector<std::unique_ptr<Worker>> workers_;
  // Of the consumer thread.
  RecordReader read_;
  std::vector<KafkaMessage> fetched_;   ///< And not fed yet.
  std::map<PartitionId, Offset> ends_;  ///< Reached behind `fetched_`.
  OutcomeRecords records_;              ///< Of the log's thread.
  std::string journal_value_;           ///< Likewise; so is the next.
  std::uint64_t batch_bytes_ = 0;       ///< Of the next producer; 0: as the settings say.

  std::mutex plans_mutex_;    ///< Of plans_.
  mutable std::mutex mutex_;  ///< Of what stands from here to stopped_.
  KafkaWork work_;
  std::shared_ptr<Change> change_;  ///< Not taken up yet.
  std::map<PartitionId, PartitionPtr> partitions_;
  EngineStatus gone_;  ///< What was counted in partitions that have gone.
  std::vector<PartitionId> diverged_;
  std::string stopped_;  ///< Why nothing goes on; empty: it does.

  std::mutex keeper_mutex_;
  std::deque<SnapshotJob> jobs_;
  Wake keeper_wake_;
  std::atomic<std::uint64_t> fed_bytes_{0};
  std::atomic<std::uint64_t> received_{0};
  std::uint64_t snapshot_at_ = 0;
  SteadyTime snapshot_time_{};
  SteadyTime watched_{};
  int missed_ = 0;  ///< Looks in a row that found no topic.
  std::string topic_id_;
  SteadyTime plan_kept_{};
  SteadyTime log_seen_{};                  ///< When the log's thread last came by,
  std::chrono::nanoseconds log_unseen_{};  ///< and for how long the keeper has looked since.
  SteadyTime hung_looked_{};
  std::optional<PlanChannel> channel_;
  SteadyTime models_asked_{};  ///< When the keeper last asked for the topic's end.
  /// The group has given it partitions, or none, and no change is under way.
  std::atomic<bool> joined_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> closing_{false};
  std::atomic<SteadyTime> close_until_{};
  Wake consumer_ended_;
  std::atomic<bool> halted_{false};         ///< As stopped_: the topic has changed under us.
  std::atomic<SteadyTime> silent_since_{};  ///< No broker answers; zero: one does.
  std::string waiting_for_;  ///< What the reader of records cannot have now. Under mutex_.
  Histogram end_to_end_ns_;
  Histogram snapshot_ns_;
  std::thread consumer_thread_;
  std::thread keeper_thread_;
};

}  // namespace ouzel
