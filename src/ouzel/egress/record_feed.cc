#include "ouzel/egress/record_feed.h"

#include <algorithm>
#include <utility>

#include "ouzel/base/logging.h"
#include "ouzel/egress/binary_outcome.h"

namespace ouzel {
namespace {

constexpr std::chrono::milliseconds kWait{100};
constexpr std::size_t kPollMax = 256;
/// A window that is delivered sooner does not stop the fetching.
constexpr std::chrono::nanoseconds kAttend = std::chrono::milliseconds(250);

}  // namespace

RecordFeed::RecordFeed(std::unique_ptr<RecordSource> source, std::unique_ptr<CursorFile> file,
                       const Clock& clock, FeedOptions options)
    : source_(std::move(source)), file_(std::move(file)), clock_(clock), options_(options) {}

Result<FeedWindow> RecordFeed::next() {
  if (std::exchange(paused_, false)) source_->pause(false);
  rows_ = 0;
  bool more = !window_.messages.empty();
  while (has_room()) {
    const auto got = source_->poll(more ? std::chrono::milliseconds(0) : kWait, kPollMax, *this);
    if (!got && window_.messages.empty()) return tl::unexpected(got.error());
    if (!got || *got == 0) break;
    more = true;
  }
  polled_at_ = clock_.steady();
  show_lag();
  for (const auto& [id, partition] : partitions_) more |= partition.open.has_value();
  window_.more = more;
  return std::exchange(window_, {});
}

bool RecordFeed::has_room() const {
  return rows_ < options_.rows_max && window_.messages.size() < options_.window_messages_max &&
         window_.bytes < options_.window_bytes_max;
}

void RecordFeed::come(RecordPlace from) {
  Partition& partition = partitions_[from.partition];
  partition = {.next = from.next, .kept = from.next, .end = from.next, .open = {}};
}

void RecordFeed::take(const Record& record) {
  ++rows_;
  Partition& partition = partitions_[record.partition];
  // Between two transactions there is at least the offset of a marker.
  if (partition.open && record.offset != partition.next) finish(partition);
  partition.next = record.offset + 1;
  partition.end = std::max(partition.end, record.offset + 1);
  const auto outcome = read_binary_outcome(record);
  if (!outcome) {
    window_.damage.push_back("the record at " + std::string(record.topic) + " " +
                             std::to_string(record.partition.value()) + ":" +
                             std::to_string(record.offset.value()) + " is no outcome");
    return;
  }
  if (!outcome->is_wanted(options_)) return;
  newest_ = std::max(newest_, record.timestamp);
  if (!partition.open) {
    partition.open = Message{.partition = outcome->partition,
                             .first = outcome->offset,
                             .last = outcome->offset,
                             .source = {record.partition, record.offset},
                             .accepted = newest_};
  }
  Message& message = *partition.open;
  outcome->render(message.lines);
  message.lines += '\n';
  message.last = outcome->offset;
  ++message.events;
  if (message.events >= options_.message_events_max ||
      message.lines.size() >= options_.message_bytes_max) {
    finish(partition);
  }
}

/// The message takes no more outcomes.
void RecordFeed::finish(Partition& partition) {
  window_.bytes += partition.open->lines.size();
  window_.messages.push_back(std::move(*partition.open));
  partition.open.reset();
}

void RecordFeed::at_end(RecordPlace place) {
  Partition& partition = partitions_[place.partition];
  if (partition.open && partition.open->source.next < place.next) finish(partition);
  partition.next = std::max(partition.next.value_or(place.next), place.next);
  partition.end = std::max(partition.end, place.next);
}

void RecordFeed::seen_to(RecordPlace end) {
  Partition& partition = partitions_[end.partition];
  partition.end = std::max(partition.end, end.next);
}

void RecordFeed::removed(PartitionId /*partition*/, std::uint64_t offsets) {
  window_.skipped += offsets;
}

/// Before it all of the partition is delivered, once the outlet has no window.
std::optional<Offset> RecordFeed::done(PartitionId id, const Partition& partition) const {
  for (const Message& message : window_.messages) {
    if (message.source.partition == id) return message.source.next;
  }
  return partition.open ? partition.open->source.next : partition.next;
}

std::vector<RecordPlace> RecordFeed::to_keep() const {
  std::vector<RecordPlace> out;
  for (const auto& [id, partition] : partitions_) {
    const auto next = done(id, partition);
    if (next && next != partition.kept) out.push_back({id, *next});
  }
  return out;
}

bool RecordFeed::moved() const { return !to_keep().empty(); }

Result<void> RecordFeed::keep(std::string place) {
  // First here: a file's lines that the group takes for done must be known to stand there.
  if (place != file_->cursor().place) {
    OUZEL_TRY_VOID(file_->write({.position = {}, .next = {}, .place = std::move(place)}));
  }
  const std::vector<RecordPlace> places = to_keep();
  if (!places.empty()) OUZEL_TRY_VOID(source_->commit(places));
  for (const RecordPlace& at : places) partitions_[at.partition].kept = at.next;
  show_lag();
  return {};
}

void RecordFeed::attend(Outlet& outlet) {
  if (clock_.steady() - polled_at_ < kAttend) return;
  outlet_ = &outlet;
  // Also those partitions that came with the last poll.
  source_->pause(true);
  paused_ = true;
  const auto got = source_->poll(std::chrono::milliseconds(0), kPollMax, *this);
  (void)got;  // What is wrong with the brokers is told when there is something to be read.
  polled_at_ = clock_.steady();
  outlet_ = nullptr;
  show_lag();
}

void RecordFeed::close(Outlet& outlet) {
  outlet_ = &outlet;
  source_->close(*this);
  outlet_ = nullptr;
}

void RecordFeed::leave(PartitionId id, bool lost) {
  const auto at = partitions_.find(id);
  if (at == partitions_.end()) return;
  auto next = done(id, at->second);
  if (outlet_ != nullptr) {
    if (const auto undone = outlet_->drop(id)) next = *undone;
  }
  std::erase_if(window_.messages,
                [id](const Message& message) { return message.source.partition == id; });
  if (!lost && next && next != at->second.kept) {
    const RecordPlace place{id, *next};
    if (const auto kept = source_->commit({&place, 1}); !kept) {
      logging::warn("a sink's place is not kept: outcomes will be delivered again",
                    {{"partition", std::to_string(id.value())}, {"why", kept.error().message}});
    }
  }
  partitions_.erase(at);
}

/// Markers of transactions count: it is exact at the end only.
void RecordFeed::show_lag() {
  std::uint64_t lag = 0;
  for (const auto& [id, partition] : partitions_) {
    const Offset from = partition.kept.value_or(partition.next.value_or(partition.end));
    if (partition.end > from) lag += partition.end - from;
  }
  lag_.store(lag, std::memory_order_relaxed);
}

void RecordFeed::tell(SinkStatus& status) const {
  status.lag = lag_.load(std::memory_order_relaxed);
}

}  // namespace ouzel
