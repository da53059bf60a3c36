/// Engine: the log, the lanes and the threads that run them, from recovery to a clean stop. Doors
/// push into its partitions, readers read its log, whoever serves asks for its status.
///
/// Owns all of that; `fs` and `clock` must outlive it. `open`, `start` and `stop` belong to one
/// thread; everything else is thread-safe.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/file_system.h"
#include "ouzel/engine/data_directory.h"
#include "ouzel/engine/journal.h"
#include "ouzel/engine/recovery.h"
#include "ouzel/lane/lane.h"
#include "ouzel/lane/plan.h"
#include "ouzel/lane/status.h"
#include "ouzel/lane/worker.h"
#include "ouzel/log/segment/segment_log.h"

namespace ouzel {

struct EngineOptions {
  std::string data_dir;
  std::uint32_t workers = 1;
  bool rebuild_state = false;
  std::uint64_t snapshot_bytes = 64 << 20;  ///< Log bytes between two snapshots, at least.
  SegmentLogOptions log;                    ///< Directory and log id are filled in.
  /// The highest position that a reader's cursor of this log names; it was durable. May be empty.
  std::function<LogPosition(std::uint64_t log_id)> witness;
};

/// Those who read the log on their own threads, at their own pace.
struct LogReaders {
  std::function<LogPosition()> needed;              ///< Nothing before it. Thread-safe.
  std::function<std::vector<SinkStatus>()> status;  ///< Thread-safe.
  std::function<void()> signal;  ///< More is durable. On the log's writer thread: be quick.
};

class Engine final : public StatusSource {
 public:
  /// Takes the data directory over and recovers. Errors: config (exit 78), corrupt, unavailable.
  static Result<std::unique_ptr<Engine>> open(FileSystem& fs, const Clock& clock, Random& random,
                                              std::shared_ptr<const Plan> plan,
                                              EngineOptions options);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Whom retention waits for; before `start`. They must outlive the threads.
  void set_readers(LogReaders readers) { readers_ = std::move(readers); }
  /// What the process ran before. Before `start`.
  void set_earlier_models(std::vector<ModelScored> models) { earlier_models_ = std::move(models); }
  /// Starts the threads: the replay of what was not in the snapshots, then new events.
  void start();
  /// Waits until everything accepted has its outcome on disk, then ends the threads and seals the
  /// log. The doors must be closed before. `limit` bounds the wait.
  void stop(std::chrono::nanoseconds limit);

  /// New events may come: the replay has been handed to the lanes.
  bool ready() const { return ready_.load(std::memory_order_acquire); }
  Log& log() { return *log_; }
  std::uint64_t log_id() const { return directory_->meta().log_id; }
  std::vector<std::unique_ptr<PartitionInput>>& partitions() { return inputs_; }
  EngineStatus status() const override;

 private:
  Engine(FileSystem& fs, const Clock& clock, std::shared_ptr<const Plan> plan,
         EngineOptions options);
  Result<void> recover(Random& random);
  void make_lanes();
  void make_lane(PartitionId partition);
  void begin_lane(PartitionId partition);
  std::optional<bool> rebuilds_exactly(PartitionId partition) const;
  void report_recovery() const;
  Result<void> complete_journal();
  void forget_old_plans();

  void replay();
  bool feed(const FrameView& frame, const FrameDecoder& decode);
  void run_keeper();
  void publish(SnapshotJob job);
  void became_durable(std::span<const FrameHeader> headers);
  void keep_needed();
  std::uint64_t snapshot_interval() const;
  void ask_for_snapshots();
  bool drained() const;
  void take_last_snapshots(SteadyTime end);

  FileSystem& fs_;
  const Clock& clock_;
  const std::shared_ptr<const Plan> plan_;
  EngineOptions options_;
  LogReaders readers_;
  std::vector<ModelScored> earlier_models_;
  std::unique_ptr<DataDirectory> directory_;
  std::unique_ptr<SegmentLog> log_;
  std::unique_ptr<Journal> journal_;
  std::vector<PartitionFound> found_;
  std::vector<std::unique_ptr<PartitionInput>> inputs_;
  std::vector<std::unique_ptr<SnapshotSlots>> slots_;
  std::vector<std::unique_ptr<Lane>> lanes_;  ///< Null: the partition is stopped.

  mutable std::mutex ledger_mutex_;
  std::vector<Ledger> ledgers_;
  Histogram end_to_end_ns_;

  // The keeper publishes snapshots, writes the journal, and says what retention must keep.
  std::mutex keeper_mutex_;
  std::deque<SnapshotJob> jobs_;
  std::deque<JournalEntry> entries_;
  Wake keeper_wake_;
  std::vector<std::array<LogPosition, 2>> kept_;  ///< Resume positions of the two newest, by lane.
  std::atomic<std::uint64_t> snapshot_at_{0};     ///< Log position of the last round of snapshots.
  Histogram snapshot_ns_;

  std::atomic<bool> ready_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> draining_{false};
  std::vector<std::unique_ptr<Worker>> workers_;
  std::thread replay_thread_;
  std::thread keeper_thread_;
};

}  // namespace ouzel
