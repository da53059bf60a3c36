/// SegmentLog: the Log on own files, one machine (DESIGN.md, "segment"; docs/format/log.md).
///
/// Appends frames of all partitions to one physical log, in the order handed over. One writer takes
/// whatever has arrived, writes it in whole pages and syncs it: one fdatasync a round. Owns its
/// segment files; `fs` and `clock` must outlive it. `append`, `flush`, `when_durable`, `has_room`,
/// `admits_events` and readers may be used from any thread; `step`, `mark` and `seal` belong to the
/// writer thread, `tend` to one background thread (`start` makes both; in a test all belong to the
/// test's). After a failed sync the pending round goes from memory to a new segment; if that fails
/// too, the log has failed for good: it says so, and nothing more becomes durable.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/file_system.h"
#include "ouzel/base/histogram.h"
#include "ouzel/base/wake.h"
#include "ouzel/log/log.h"
#include "ouzel/log/segment/durable_waiters.h"
#include "ouzel/log/segment/recovery.h"
#include "ouzel/log/segment/segment_set.h"
#include "ouzel/log/segment/spare_segments.h"

namespace ouzel {

struct SegmentLogOptions {
  std::string directory;
  std::uint64_t log_id = 0;
  std::uint64_t segment_bytes_min = 1 << 20;
  std::uint64_t segment_bytes_max = 64 << 20;
  std::uint64_t round_bytes_max = 1 << 20;
  std::chrono::nanoseconds retention = std::chrono::hours(24 * 7);
  std::uint64_t retention_bytes = 0;                              ///< 0: by time only.
  std::chrono::nanoseconds quiet = std::chrono::milliseconds(5);  ///< Then a mark is written.
};

/// What opening the log found and did; for the operator.
struct RecoveryReport {
  bool fresh = false;              ///< There was nothing.
  bool sealed = false;             ///< The last process stopped cleanly.
  std::uint64_t cut_bytes = 0;     ///< Torn tail that was cut.
  std::uint64_t copied_bytes = 0;  ///< Tail made durable in a new segment.
  std::vector<Damage> damage;
  std::vector<std::string> notes;
};

class SegmentLog final : public Log {
 public:
  /// Recovers what is there and makes it ready to append. Errors: config, unavailable.
  static Result<std::unique_ptr<SegmentLog>> open(FileSystem& fs, const Clock& clock,
                                                  SegmentLogOptions options, LogPosition witnessed);
  ~SegmentLog() override;
  SegmentLog(const SegmentLog&) = delete;
  SegmentLog& operator=(const SegmentLog&) = delete;

  AppendNumber append(FrameDraft draft) override;
  void flush() override { wake_.signal(); }
  void when_durable(AppendNumber number, DurableCallback callback) override;
  bool has_room(std::uint64_t bytes, std::string* why) override;
  /// Whether what is usual is taken: there is some room, and enough for what `has_room` refused
  /// last, if nothing as large was let in since. Waits and says `why` as `has_room` does.
  bool admits_events(std::string* why);
  LogPosition durable_end() const override {
    return LogPosition(durable_end_.load(std::memory_order_acquire));
  }
  LogPosition oldest() const override { return set_->oldest(); }
  Offset oldest(Topic topic, PartitionId partition) const { return set_->oldest(topic, partition); }
  std::unique_ptr<LogReader> read_from(LogPosition from) override;
  Result<LogPosition> find(Topic topic, PartitionId partition, Offset offset) override {
    return set_->find(topic, partition, offset);
  }
  Result<LogPosition> find(WallTime time) override { return set_->find(time); }

  const RecoveryReport& report() const { return report_; }
  /// The first offset of each view that is not in the log yet, as recovery found it.
  const NextOffsets& recovered() const { return recovered_; }
  /// `observe` sees the headers of every round once it is durable, on the writer thread, before
  /// anybody who waits is called. Set before `start`.
  void set_observer(std::function<void(std::span<const FrameHeader>)> observe) {
    observe_ = std::move(observe);
  }
  /// Nothing at or above `needed` is removed. Thread-safe.
  void keep_from(LogPosition needed) { needed_.store(needed.value(), std::memory_order_relaxed); }

  /// One round: writes and syncs what has arrived. Returns the frames that became durable.
  std::size_t step();
  /// Writes the witness of the last round if it has none yet.
  void mark();
  /// Syncs all that is queued and writes the seal: nothing may be appended after.
  void seal();
  /// Background work: prepares a spare, writes indexes, removes what retention lets go.
  void tend();

  /// Starts the writer and the background thread; `stop` ends them and writes the seal.
  void start();
  void stop();

  std::uint64_t bytes_on_disk() const { return set_->bytes(); }
  std::uint64_t appended_bytes(Topic topic) const {
    return topic_bytes_[static_cast<std::size_t>(topic)].load(std::memory_order_relaxed);
  }
  const Histogram& sync_ns() const { return sync_ns_; }
  /// Empty while the log works.
  std::string failure() const;

 private:
  struct Pending {
    FrameDraft draft;
    std::uint32_t body_crc = 0;
    bool numbered = true;  ///< False: a mark or a seal, which nobody appended.
  };

  SegmentLog(FileSystem& fs, const Clock& clock, SegmentLogOptions options);
  Result<void> recover(LogPosition witnessed);
  Result<std::uint64_t> copy_tail(const FoundLog& found, Segment& to);
  Result<void> go_on_from_tail();
  void give_back_tail(Segment& segment);
  Result<void> open_segment(std::shared_ptr<Segment> segment, LogPosition base);

  std::deque<Pending> take_round();
  void write_round(std::deque<Pending>& round);
  void place(const std::deque<Pending>& round, std::size_t count);
  Result<void> write_and_sync();
  bool roll(std::uint64_t frame_bytes);
  bool move_round_to_new_segment(const std::deque<Pending>& round, std::size_t count);
  void became_durable(std::size_t frames);
  void fail_with(const Error& error);
  void update_room();
  bool find_room(std::uint64_t bytes, std::string* why);
  void set_refused(std::uint64_t bytes, const std::string& why);
  void write_one(Topic topic);
  void run_writer();

  FileSystem& fs_;
  const Clock& clock_;
  const SegmentLogOptions options_;
  RecoveryReport report_;
  NextOffsets recovered_;
  std::unique_ptr<SegmentSet> set_;
  std::unique_ptr<SpareSegments> spares_;
  DurableWaiters waiters_;
  std::function<void(std::span<const FrameHeader>)> observe_;

  // Appended, not yet written.
  std::mutex queue_mutex_;
  std::deque<Pending> queue_;
  AppendNumber appended_{};
  std::atomic<std::uint64_t> queued_bytes_{0};
  std::atomic<std::uint64_t> topic_bytes_[256] = {};

  // The writer's own.
  std::shared_ptr<Segment> current_;
  NextOffsets next_;
  LogPosition tail_{};  ///< Behind the last frame written.
  AppendNumber written_{};
  std::string page_;                  ///< The last, partial page of the current segment.
  std::string buffer_;                ///< `page_`, the round's frames, zeros to a whole page.
  std::vector<FrameHeader> headers_;  ///< Of the frames in `buffer_`.
  bool more_queued_ = false;          ///< The last round was full.
  bool witnessed_ = true;             ///< A later frame names the last round durable.
  Histogram sync_ns_;

  mutable std::mutex failure_mutex_;
  std::string failure_;
  std::atomic<bool> failed_{false};
  std::atomic<std::uint64_t> current_room_{0};
  std::atomic<std::uint64_t> refused_bytes_{0};  ///< By `has_room`, and no room since; 0: nothing.
  std::atomic<std::uint64_t> durable_end_{0};
  std::atomic<std::uint64_t> needed_{~std::uint64_t{0}};
  Wake wake_;
  Wake background_;
  bool crowded_ = false;  ///< The background thread has said that the disk is full.
  std::atomic<bool> stopping_{false};
  std::thread writer_;
  std::thread background_thread_;
};

}  // namespace ouzel
