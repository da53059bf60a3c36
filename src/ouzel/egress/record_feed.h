/// RecordFeed: reads the outcomes that a sink takes from topic `<name>-outcomes` of Kafka, as a
/// member of the sink's own consumer group, so that each outcome is some worker's to deliver.
///
/// The lines of its messages are those that the log's feed would give, but rejects stand without
/// their events' bytes, which are in topic `<name>-rejects`. A message holds outcomes of one
/// transaction, so that after a crash the same message comes again; where outcomes are written
/// without transactions the last one may have grown by then. What the outlet keeps in mind stands
/// in a cursor file, the place in the topic with the group.
///
/// Owns its source. Bounded by a window, one poll, and an unfinished message a partition.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/egress/cursor_file.h"
#include "ouzel/egress/feed.h"
#include "ouzel/log/record_source.h"

namespace ouzel {

class RecordFeed final : public Feed, private RecordTaker {
 public:
  RecordFeed(std::unique_ptr<RecordSource> source, std::unique_ptr<CursorFile> file,
             const Clock& clock, FeedOptions options);

  Result<FeedWindow> next() override;
  Result<void> keep(std::string place) override;
  bool moved() const override;
  std::string place() const override { return file_->cursor().place; }
  void attend(Outlet& outlet) override;
  void close(Outlet& outlet) override;
  /// `next` itself waits.
  std::chrono::nanoseconds idle() const override { return {}; }
  void tell(SinkStatus& status) const override;

 private:
  struct Partition {
    std::optional<Offset> next;   ///< To be read.
    std::optional<Offset> kept;   ///< As `next`, by the group.
    Offset end{};                 ///< Of the topic, as last seen.
    std::optional<Message> open;  ///< May take more outcomes.
  };

  void come(RecordPlace from) override;
  void take(const Record& record) override;
  void at_end(RecordPlace place) override;
  void seen_to(RecordPlace end) override;
  void removed(PartitionId partition, std::uint64_t offsets) override;
  void leave(PartitionId partition, bool lost) override;

  bool has_room() const;
  void finish(Partition& partition);
  std::optional<Offset> done(PartitionId id, const Partition& partition) const;
  std::vector<RecordPlace> to_keep() const;
  void show_lag();

  const std::unique_ptr<RecordSource> source_;
  const std::unique_ptr<CursorFile> file_;
  const Clock& clock_;
  const FeedOptions options_;
  std::map<PartitionId, Partition> partitions_;
  FeedWindow window_;         ///< The next one.
  std::uint64_t rows_ = 0;    ///< Looked at for it.
  WallTime newest_{};         ///< Of the outcomes so far, so that days never go back.
  Outlet* outlet_ = nullptr;  ///< Has a window, in `attend` and `close`.
  bool paused_ = false;
  SteadyTime polled_at_{};
  std::atomic<std::uint64_t> lag_{0};
};

}  // namespace ouzel
