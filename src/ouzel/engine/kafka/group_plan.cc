#include "ouzel/engine/kafka/group_plan.h"

#include <utility>
#include <vector>

#include "ouzel/log/kafka/record_writer.h"
#include "ouzel/log/kafka/topic_reader.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;

constexpr PartitionId kPartition{0};
constexpr milliseconds kPoll{100};
constexpr std::size_t kBatch = 100;

}  // namespace

Result<std::optional<PlanRecord>> GroupPlan::read(milliseconds limit) {
  using Kind = TopicStart::Kind;
  const TopicStart start{.kind = next_ == Offset{} ? Kind::beginning : Kind::offset,
                         .partition = kPartition,
                         .offset = next_};
  OUZEL_TRY(const auto reader,
            TopicReader::open(options_.consumer_settings, options_.topic, start, limit));
  std::vector<KafkaMessage> messages;
  while (!reader->at_end()) {
    messages.clear();
    const auto polled = reader->poll(kPoll, kBatch, messages);
    if (!polled && next_ > Offset{}) next_ = {};  // The topic was made anew: from its beginning.
    OUZEL_TRY_VOID(polled);
    for (const KafkaMessage& message : messages) {
      next_ = message.record().offset + 1;
      if (message.record().key != options_.group) continue;
      if (auto record = read_plan_record(message.record())) newest_ = std::move(*record);
    }
    if (messages.empty() && (limit -= kPoll) <= milliseconds(0) && !reader->at_end()) {
      return fail(ErrorCode::unavailable,
                  "kafka: topic " + options_.topic + " could not be read to its end in time");
    }
  }
  return newest_;
}

Result<void> GroupPlan::write(const std::string& text, const std::optional<Hash128>& before,
                              milliseconds limit) {
  OUZEL_TRY(const auto last, read(limit));
  if (last && (!before || last->text == text)) return {};
  const PlanRecord record = next_record(last, text, before, options_.worker);
  Result<void> done = fail(ErrorCode::unavailable, "kafka: no answer in time");
  const auto reported = [&done](void* /*token*/, const Error* failure) {
    done = failure == nullptr ? Result<void>() : tl::unexpected(*failure);
  };
  OUZEL_TRY(const auto writer,
            RecordWriter::open(options_.producer_settings, options_.topic, limit, reported));
  std::string hold;
  const auto headers = plan_headers(record, hold);
  OUZEL_TRY(const bool taken, writer->put({.partition = kPartition,
                                           .key = options_.group,
                                           .value = record.text,
                                           .headers = headers},
                                          nullptr, true));
  while (taken && writer->queued() > 0 && limit > milliseconds(0)) {
    writer->poll(kPoll);
    limit -= kPoll;
  }
  return done;
}

}  // namespace ouzel
