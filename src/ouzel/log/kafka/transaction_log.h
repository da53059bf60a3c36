/// TransactionLog: the Log whose outcomes stand in Kafka. The outcome frames that lanes append
/// become records of one transaction after the other, each together with the offsets that it
/// brings the group to, so that outcomes, rejects and progress are visible at once or not at all.
///
/// Frames stay in memory until their transaction is committed. Whatever goes wrong, one rule holds:
/// what was open is decided (by aborting it, or by a new producer of the same id), then the group's
/// committed offset says what became of it: where it was before, the frames are sent again; at
/// their end, they are done; anywhere else, the partition is another's or has gone on without us,
/// and is recovered. At least once: whatever went wrong, the frames are sent again.
///
/// `append`, `flush`, `when_durable`, readers: any thread. `start`, `stop`: one. A thread of its
/// own produces and commits; observers are called on it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/histogram.h"
#include "ouzel/log/kafka/consumer.h"
#include "ouzel/log/kafka/producer.h"
#include "ouzel/log/kafka/recent_frames.h"
#include "ouzel/log/log.h"

namespace ouzel {

struct TransactionLogOptions {
  /// A transaction is open for so long at least, and for up to twice the time that commits take.
  std::chrono::nanoseconds interval_min = std::chrono::milliseconds(10);
  std::chrono::nanoseconds interval_max = std::chrono::milliseconds(100);
  std::uint64_t bytes_max = 8 << 20;  ///< Of the frames in one transaction.
  /// At least once: outcomes without transactions, and offsets behind them, so seldom at most;
  /// zero: exactly once.
  std::chrono::nanoseconds offsets_every{0};
  std::uint64_t recent_bytes = 16 << 20;  ///< Of committed frames kept for readers.
};

/// Writes the records of one outcome frame. Runs on the log's thread.
using FrameRecords =
    std::function<TransactionResult(PartitionId, std::string_view body, KafkaProducer& producer)>;

struct TransactionLogSeams {
  const Clock* clock = nullptr;
  KafkaConsumer* group = nullptr;
  std::function<Result<std::unique_ptr<KafkaProducer>>()> make_producer;
  FrameRecords records;
  /// Sweeps what a new producer may find. Absent: it is not needed.
  std::function<TransactionResult(KafkaProducer&)> sweep;
  /// Frames whose transaction is committed, in their order.
  std::function<void(std::span<const FrameHeader>)> committed;
  /// The group stands elsewhere than this partition's frames: it must be recovered. Its frames are
  /// dropped until `leave`.
  std::function<void(PartitionId)> diverged;
};

class TransactionLog final : public Log {
 public:
  TransactionLog(TransactionLogSeams seams, TransactionLogOptions options);
  ~TransactionLog() override { stop(std::chrono::hours(1)); }

  void start();
  /// Nothing new is begun, and nobody waits for it any more.
  void give_up();
  /// Ends after what is under way; what is not committed then never was. False: a call to the
  /// brokers has not come back within `limit`.
  bool stop(std::chrono::nanoseconds limit);

  /// The partition's frames go on from `committed`; absent: the group has never been there. `note`:
  /// what its next commit says beside plan and totals.
  void enter(PartitionId partition, std::optional<Offset> committed, CommitNote note);
  /// Its frames that are not committed are dropped, and who waits for them is told nothing of it.
  /// No transaction with any of them is under way when it returns.
  void leave(PartitionId partition);
  /// Commits what was appended so far without waiting for the interval.
  void hurry();
  /// The producer has its id: what an earlier process left open is decided.
  bool ready() const { return ready_.load(std::memory_order_acquire); }
  /// Why it does not get on; empty: it does.
  std::string trouble() const;
  /// When its thread last came by: later than some time ago, unless a call of the producer does not
  /// come back.
  SteadyTime seen() const { return seen_.load(std::memory_order_relaxed); }

  AppendNumber append(FrameDraft draft) override;
  void flush() override;
  void when_durable(AppendNumber number, DurableCallback callback) override;
  bool has_room(std::uint64_t /*bytes*/, std::string* why) override;
  LogPosition durable_end() const override { return recent_.end(); }
  LogPosition oldest() const override { return recent_.oldest(); }
  std::unique_ptr<LogReader> read_from(LogPosition from) override;
  Result<LogPosition> find(Topic topic, PartitionId partition, Offset offset) override;
  Result<LogPosition> find(WallTime time) override;

  /// How long each commit took, from the offsets on.
  const Histogram& commit_ns() const { return commit_ns_; }
  std::uint64_t committed_bytes() const { return committed_bytes_.load(); }

 private:
  struct Pending {
    AppendNumber number{};
    FrameHeader header;
    RecentFrames::Body body;
  };
  struct Partition {
    std::optional<Offset> committed;
    CommitNote note;
    bool diverged = false;
  };
  struct Waiter {
    AppendNumber number{};
    DurableCallback callback;
  };

  void run();
  bool make_ready();
  void transact();
  TransactionResult fill();
  TransactionResult write(const Pending& frame);
  tl::expected<std::vector<GroupOffset>, TransactionError> offsets_of(
      const std::vector<Pending>& frames);
  std::vector<Pending> take_open();
  void settle(std::vector<Pending> frames);
  void fail_transaction(const TransactionError& error);
  bool resolve();
  void take_new();
  bool wait_for_frames();
  TransactionResult commit();
  TransactionResult commit_owed();
  bool hurries() const { return settled_ < hurry_to_; }
  void tell_waiters(const std::optional<Error>& error);
  void forget_trouble();
  bool fenced_again(const std::string& why);
  void set_trouble(std::string why);
  void pause(std::chrono::nanoseconds limit);

  const TransactionLogSeams seams_;
  const TransactionLogOptions options_;
  RecentFrames recent_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Pending> queue_;  ///< Appended, not in a transaction yet.
  AppendNumber appended_{};
  AppendNumber settled_{};  ///< Everything up to here is committed or dropped.
  std::deque<Waiter> waiters_;
  std::map<PartitionId, Partition> partitions_;
  /// At least once: offsets whose outcomes are written.
  std::map<PartitionId, GroupOffset> owed_;
  SteadyTime owed_since_{};
  bool owed_wanted_ = false;  ///< Now.
  AppendNumber hurry_to_{};   ///< Up to here nothing waits.
  bool stopping_ = false;
  bool ended_ = false;
  std::string trouble_;
  SteadyTime waits_since_{};  ///< The first transaction since one was committed; zero: none.

  // Of the log's thread; `leave` looks at them under the mutex.
  std::vector<Pending> open_;  ///< In the transaction under way, or to be sent again.
  std::uint64_t open_bytes_ = 0;
  bool transacting_ = false;   ///< From before it begins until its end is known, or its failure.
  bool abort_wanted_ = false;  ///< A partition of the open transaction leaves.
  bool unresolved_ = false;    ///< What became of `open_` is not known yet.
  std::unique_ptr<KafkaProducer> producer_;
  std::chrono::nanoseconds interval_{};  ///< Of the next transaction.
  std::atomic<SteadyTime> seen_;
  std::chrono::nanoseconds took_{};  ///< The last commit.
  int fenced_ = 0;                   ///< Times within a minute.
  SteadyTime fenced_since_{};
  std::atomic<bool> ready_{false};
  std::atomic<std::uint64_t> committed_bytes_{0};
  Histogram commit_ns_;
  std::thread thread_;
};

}  // namespace ouzel
