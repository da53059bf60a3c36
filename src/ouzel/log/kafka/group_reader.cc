#include "ouzel/log/kafka/group_reader.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "ouzel/base/logging.h"
#include "ouzel/base/wake.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAsk{3000};
/// Between two questions how far a partition reaches, and to brokers that may be away.
constexpr milliseconds kLook{200};
constexpr std::chrono::nanoseconds kLookForBrokers = std::chrono::seconds(2);
constexpr milliseconds kQuickAsk{500};

std::string text(std::uint64_t number) { return std::to_string(number); }

class GroupReader final : public RecordSource, private GroupListener {
 public:
  GroupReader(GroupReaderOptions options, const Clock& clock)
      : options_(std::move(options)), clock_(clock) {}

  Result<void> open(const ConsumerMaker& make) {
    // A window and a poll are all that is held; the rest may stay at the broker.
    KafkaSettingList settings = {{"queued.max.messages.kbytes", "8192"}};
    settings.insert(settings.end(), options_.settings.begin(), options_.settings.end());
    OUZEL_TRY(consumer_, make({.settings = std::move(settings),
                               .topic = options_.topic,
                               .group = options_.group,
                               .ends = true},
                              *this));
    // A topic that was made just now has no leader yet, a group no coordinator.
    const SteadyTime end = clock_.steady() + kAsk;
    auto done = begin();
    for (Wake pause; !done && clock_.steady() < end; done = begin()) pause.wait_for(kLook);
    return done;
  }

  Result<std::size_t> poll(milliseconds limit, std::size_t max, RecordTaker& taker) override {
    taker_ = &taker;
    messages_.clear();
    ends_.clear();
    consumer_->poll(limit, max, messages_);
    for (const KafkaMessage& message : messages_) {
      const Record& record = message.record();
      reached({record.partition, record.offset}) = record.offset + 1;
      taker.take(record);
    }
    for (const RecordPlace& end : ends_) {
      reached(end);
      taker.at_end(end);
    }
    look_for_end();
    taker_ = nullptr;
    if (!messages_.empty()) {
      away_.clear();
      return messages_.size();
    }
    look_for_brokers();
    if (!away_.empty()) return fail(ErrorCode::unavailable, away_);
    return std::size_t{0};
  }

  void pause(bool paused) override { consumer_->pause(paused); }

  Result<void> commit(std::span<const RecordPlace> places) override {
    std::vector<GroupOffset> offsets;
    for (const RecordPlace& place : places) {
      offsets.push_back({.partition = place.partition, .offset = place.next, .metadata = {}});
    }
    return consumer_->commit(offsets);
  }

  void close(RecordTaker& taker) override {
    taker_ = &taker;
    messages_.clear();
    consumer_->close();
    taker_ = nullptr;
  }

 private:
  /// What is to be fetched next of a partition. Where nobody knew, when it came, where the group
  /// stands, the first that is read says so.
  Offset& reached(RecordPlace place) {
    const auto [at, first] = next_.try_emplace(place.partition, place.next);
    if (first) taker_->come(place);
    return at->second;
  }

  /// Commits where a new group begins.
  Result<void> begin() {
    OUZEL_TRY(const std::uint32_t count, consumer_->partitions_of(options_.topic, kAsk));
    if (count == 0) return fail(ErrorCode::unavailable, "kafka: no topic " + options_.topic);
    std::vector<PartitionId> all;
    for (std::uint32_t i = 0; i < count; ++i) all.emplace_back(static_cast<std::uint16_t>(i));
    OUZEL_TRY(const auto found, consumer_->committed(all, kAsk));
    const bool known = std::any_of(found.begin(), found.end(),
                                   [](const GroupOffset& one) { return one.offset.has_value(); });
    if (known) return {};
    std::vector<GroupOffset> begin;
    for (const PartitionId id : all) {
      OUZEL_TRY(const Watermarks marks, consumer_->watermarks(id, kAsk));
      begin.push_back({.partition = id,
                       .offset = options_.from_beginning ? marks.low : marks.high,
                       .metadata = {}});
    }
    return consumer_->commit(begin);
  }

  std::vector<Offset> assigned(std::span<const PartitionId> partitions) override {
    std::vector<Offset> starts;
    const auto found = consumer_->committed(partitions, kAsk);
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      const PartitionId id = partitions[i];
      owned_.push_back(id);
      next_.erase(id);
      if (!found || starts.size() < i) continue;
      std::optional<Offset> start = (*found)[i].offset;
      if (!start) {
        if (const auto marks = consumer_->watermarks(id, kAsk)) start = marks->low;
      }
      if (!start) continue;
      starts.push_back(*start);
      next_[id] = *start;
      if (taker_ != nullptr) taker_->come({id, *start});
    }
    return starts;
  }

  void revoked(std::span<const PartitionId> partitions, bool lost) override {
    const auto goes = [&](PartitionId id) {
      return std::find(partitions.begin(), partitions.end(), id) != partitions.end();
    };
    // Fetched, and not given to anybody: the next member reads them.
    std::erase_if(messages_, [&](const KafkaMessage& one) { return goes(one.record().partition); });
    std::erase_if(ends_, [&](const RecordPlace& one) { return goes(one.partition); });
    std::erase_if(owned_, goes);
    if (taker_ == nullptr) return;
    for (const PartitionId id : partitions) taker_->leave(id, lost);
  }

  std::optional<Offset> out_of_range(PartitionId id) override {
    const auto known = next_.find(id);
    const auto marks = consumer_->watermarks(id, kAsk);
    if (!marks) return known == next_.end() ? Offset{} : known->second;
    if (known != next_.end() && known->second < marks->low && taker_ != nullptr) {
      taker_->removed(id, marks->low - known->second);
    } else if (known != next_.end()) {
      logging::warn("the group's place is none of the topic's: it is read from its beginning",
                    {{"group", options_.group},
                     {"partition", text(id.value())},
                     {"place", text(known->second.value())},
                     {"end", text(marks->high.value())}});
    }
    return marks->low;
  }

  void at_end(PartitionId id, Offset next) override { ends_.push_back({id, next}); }

  /// Of one partition at a time.
  void look_for_end() {
    const SteadyTime now = clock_.steady();
    if (owned_.empty() || now - looked_at_ < kLook || !away_.empty()) return;
    looked_at_ = now;
    const PartitionId id = owned_[looked_++ % owned_.size()];
    if (const auto marks = consumer_->watermarks(id, kLook)) taker_->seen_to({id, marks->high});
  }

  /// One of several brokers may be away without harm; so one that answers ends all trouble.
  void look_for_brokers() {
    const SteadyTime now = clock_.steady();
    if (consumer_->trouble().empty()) return away_.clear();
    if (now - asked_at_ < kLookForBrokers) return;
    asked_at_ = now;
    const auto answer = consumer_->partitions_of(options_.topic, kQuickAsk);
    away_ = answer ? "" : answer.error().message;
  }

  const GroupReaderOptions options_;
  const Clock& clock_;
  std::unique_ptr<KafkaConsumer> consumer_;
  RecordTaker* taker_ = nullptr;  ///< Within a call of it.
  std::vector<PartitionId> owned_;
  std::map<PartitionId, Offset> next_;  ///< To be fetched, as far as known.
  std::vector<KafkaMessage> messages_;  ///< Of this poll; so are the ends.
  std::vector<RecordPlace> ends_;
  std::size_t looked_ = 0;
  SteadyTime looked_at_{};
  SteadyTime asked_at_{};
  std::string away_;  ///< Why no broker answers; empty: one does.
};

}  // namespace

Result<std::unique_ptr<RecordSource>> open_group_reader(const GroupReaderOptions& options,
                                                        const Clock& clock,
                                                        const ConsumerMaker& make) {
  auto reader = std::make_unique<GroupReader>(options, clock);
  OUZEL_TRY_VOID(reader->open(make));
  return reader;
}

}  // namespace ouzel
