#include "ouzel/tool/kafka/kafka_sender.h"

#include <algorithm>
#include <list>
#include <utility>
#include <vector>

#include "ouzel/decode/split.h"
#include "ouzel/log/kafka/record_writer.h"
#include "ouzel/tool/kafka/meet_brokers.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kWait{5};

class KafkaSender final : public Sender {
 public:
  KafkaSender(KafkaSenderOptions options, const Clock& clock)
      : options_(std::move(options)), clock_(clock) {}

  Result<void> open() {
    OUZEL_TRY(writer_, meet_brokers(options_.command, [this](milliseconds limit) {
                return RecordWriter::open(
                    options_.settings, options_.topic, limit,
                    [this](void* token, const Error* why) { done(token, why); });
              }));
    return {};
  }

  bool offer(std::size_t, EventChunk& chunk) override {
    writer_->poll(milliseconds(0));
    if (writer_->queued() >= options_.queue_records_max) return false;
    return take(chunk);
  }

  bool put(std::size_t, EventChunk& chunk) override {
    while (writer_->queued() >= options_.queue_records_max && failure_.empty()) {
      writer_->poll(kWait);
    }
    return take(chunk);
  }

  bool drain(std::chrono::nanoseconds grace) override {
    const SteadyTime end = clock_.steady() + grace;
    while (writer_->queued() > 0 && failure_.empty() && clock_.steady() < end) {
      writer_->poll(kWait);
    }
    return writer_->queued() == 0;
  }

  void stop() override {}

  SenderReport report() const override {
    return {.requests = chunks_,
            .accepted = written_,
            .duplicates = 0,
            .refused = refused_,
            .resent = 0,
            .queued = taken_ - written_ - refused_,
            .latency_ns = latency(),
            .first_refusal = first_refusal_,
            .failure = failure_,
            .unreachable = unreachable_};
  }

 private:
  struct InFlight;
  struct Slot {
    InFlight* owner = nullptr;
    SteadyTime due{};
  };
  /// A chunk until all of its records are reported.
  struct InFlight {
    EventChunk chunk;  ///< Without its lines.
    std::vector<Slot> slots;
    std::size_t left = 0;
    std::list<InFlight>::iterator self;
  };

  bool take(EventChunk& chunk) {
    if (!failure_.empty()) return false;
    in_flight_.emplace_front();
    InFlight& entry = in_flight_.front();
    entry.self = in_flight_.begin();
    entry.slots.resize(chunk.due.size());
    entry.left = entry.slots.size() + 1;  // And this call itself.
    ++chunks_;
    std::string_view rest = chunk.lines;
    for (std::size_t i = 0; !rest.empty(); ++i) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      entry.slots[i] = {&entry, chunk.due[i]};
      if (!write(rest.substr(0, end), entry.slots[i])) return false;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    entry.chunk.key = std::move(chunk.key);
    chunk = {};
    settle(entry);
    return true;
  }

  bool write(std::string_view line, Slot& slot) {
    const RecordHeader header{"content-type", looks_like_cloudevent(line)
                                                  ? "application/cloudevents+json; charset=UTF-8"
                                                  : "application/json"};
    OutRecord record{.key = options_.key(line), .value = line, .headers = {&header, 1}};
    ++taken_;
    while (failure_.empty()) {
      const auto taken = writer_->put(record, &slot, false);
      if (taken && *taken) return true;
      if (!taken) {
        refuse(taken.error());
        settle(*slot.owner);
        return failure_.empty();
      }
      writer_->poll(kWait);
    }
    return false;
  }

  void done(void* token, const Error* why) {
    Slot& slot = *static_cast<Slot*>(token);
    if (why == nullptr) {
      ++written_;
      latency_.record(static_cast<std::uint64_t>(
          std::max<std::int64_t>(0, (clock_.steady() - slot.due).count())));
    } else {
      refuse(*why);
    }
    settle(*slot.owner);
  }

  void refuse(const Error& why) {
    ++refused_;
    if (first_refusal_.empty()) first_refusal_ = why.message;
    if (why.code != ErrorCode::unavailable) return;
    failure_ = why.message;
    unreachable_ = true;
  }

  void settle(InFlight& entry) {
    if (--entry.left > 0) return;
    if (options_.answered && failure_.empty()) options_.answered(entry.chunk, "");
    in_flight_.erase(entry.self);
  }

  HistogramTotals latency() const {
    HistogramTotals out;
    out.add(latency_);
    return out;
  }

  const KafkaSenderOptions options_;
  const Clock& clock_;
  std::list<InFlight> in_flight_;
  std::unique_ptr<RecordWriter> writer_;  ///< Goes first: it knows what is in flight.
  Histogram latency_;
  std::uint64_t chunks_ = 0, taken_ = 0, written_ = 0, refused_ = 0;
  std::string first_refusal_, failure_;
  bool unreachable_ = false;
};

}  // namespace

Result<std::unique_ptr<Sender>> open_kafka_sender(KafkaSenderOptions options, const Clock& clock) {
  auto sender = std::make_unique<KafkaSender>(std::move(options), clock);
  OUZEL_TRY_VOID(sender->open());
  return sender;
}

}  // namespace ouzel
