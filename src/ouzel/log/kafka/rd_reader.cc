#ifndef OUZEL_WITH_KAFKA

#include "ouzel/log/kafka/topic_reader.h"

namespace ouzel {

Result<std::unique_ptr<TopicReader>> TopicReader::open(const KafkaSettingList&, const std::string&,
                                                       const TopicStart&,
                                                       std::chrono::milliseconds) {
  return fail(ErrorCode::config, "kafka: this build has no Kafka client; make setup fetches it");
}

}  // namespace ouzel

#else

#include <set>
#include <utility>

#include "ouzel/log/kafka/client.h"
#include "ouzel/log/kafka/topic_reader.h"

namespace ouzel {
namespace {

using namespace kafka;  // NOLINT: owners of librdkafka's objects.
using std::chrono::milliseconds;

constexpr milliseconds kQuickAsk{1000};
constexpr milliseconds kSilenceMax = std::chrono::seconds(30);

class RdReader final : public TopicReader {
 public:
  explicit RdReader(std::string topic) : topic_(std::move(topic)) {}
  ~RdReader() override {
    if (client_) rd_kafka_consumer_close(client_->handle());
  }

  Result<void> open(const KafkaSettingList& given, const TopicStart& start, milliseconds limit) {
    KafkaSettingList settings = {{"queued.max.messages.kbytes", "16384"}, {"client.id", "ouzel"}};
    for (const auto& setting : given) {
      // It joins no group; with the settings of one who does it would.
      if (!setting.first.starts_with("group.")) settings.push_back(setting);
    }
    settings.emplace_back("group.id",
                          "ouzel-look");  // Asked for, never used; so it may be refused.
    settings.emplace_back("enable.auto.commit", "false");
    settings.emplace_back("isolation.level", "read_committed");
    settings.emplace_back("auto.offset.reset", "error");
    settings.emplace_back("enable.partition.eof", "true");
    OUZEL_TRY(Conf conf, make_conf(settings));
    OUZEL_TRY(client_, Client::open(RD_KAFKA_CONSUMER, std::move(conf)));
    rd_kafka_poll_set_consumer(client_->handle());
    OUZEL_TRY(partitions_, client_->partitions_of(topic_, limit));
    return assign(start);
  }

  Result<void> poll(milliseconds limit, std::size_t max, std::vector<KafkaMessage>& out) override {
    int wait = static_cast<int>(limit.count());
    while (out.size() < max) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(client_->handle(), wait);
      if (message == nullptr) {
        if (client_->hopeless()) {
          return client_->failed("topic " + topic_, RD_KAFKA_RESP_ERR__TRANSPORT);
        }
        silent_ += milliseconds(wait);
        if (at_end() || silent_ < kSilenceMax) return {};
        return client_->failed("topic " + topic_, RD_KAFKA_RESP_ERR__TIMED_OUT);
      }
      wait = 0;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        silent_ = milliseconds(0);
        out.push_back(wrap(message));
        continue;
      }
      const KafkaMessage::Owner owner(message, free_message);
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        ended_.insert(message->partition);
        silent_ = milliseconds(0);
        if (at_end()) return {};
      } else if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                 message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        return no_offset(PartitionId(static_cast<std::uint16_t>(message->partition)));
      } else if (message->err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN &&
                 message->err != RD_KAFKA_RESP_ERR__TRANSPORT &&
                 message->err != RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
        return client_->failed("topic " + topic_, message->err);
      }
    }
    return {};
  }

  bool at_end() const override { return ended_.size() >= assigned_; }
  std::uint32_t partitions() const override { return partitions_; }

  Result<void> seek(PartitionId partition, Offset offset) override {
    ended_.clear();
    return assign({.kind = TopicStart::Kind::offset, .partition = partition, .offset = offset});
  }

  Result<Watermarks> watermarks(PartitionId partition, milliseconds limit) override {
    std::int64_t low = 0;
    std::int64_t high = 0;
    const auto error =
        rd_kafka_query_watermark_offsets(client_->handle(), topic_.c_str(), partition.value(), &low,
                                         &high, static_cast<int>(limit.count()));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return client_->failed("topic " + topic_, error);
    return Watermarks{Offset(static_cast<std::uint64_t>(low)),
                      Offset(static_cast<std::uint64_t>(high))};
  }

 private:
  tl::unexpected<Error> no_offset(PartitionId partition) {
    std::string what = "kafka: topic " + topic_ + ", partition " +
                       std::to_string(partition.value()) + ": there is no such offset";
    if (const auto marks = watermarks(partition, kQuickAsk)) {
      what += marks->low == marks->high ? ", it holds none"
                                        : ", it holds " + std::to_string(marks->low.value()) +
                                              " to " + std::to_string(marks->high.value() - 1);
    }
    return fail(ErrorCode::config, std::move(what));
  }

  Result<void> assign(const TopicStart& start) {
    const Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions_)));
    for (std::uint32_t i = 0; i < partitions_; ++i) {
      if (start.partition && start.partition->value() != i) continue;
      rd_kafka_topic_partition_t* one = rd_kafka_topic_partition_list_add(
          list.get(), topic_.c_str(), static_cast<std::int32_t>(i));
      switch (start.kind) {
        case TopicStart::Kind::beginning: one->offset = RD_KAFKA_OFFSET_BEGINNING; break;
        case TopicStart::Kind::end: one->offset = RD_KAFKA_OFFSET_END; break;
        case TopicStart::Kind::offset:
          one->offset = static_cast<std::int64_t>(start.offset.value());
          break;
      }
    }
    assigned_ = static_cast<std::size_t>(list->cnt);
    if (assigned_ == 0) {
      return fail(ErrorCode::config, "kafka: topic " + topic_ + " has " +
                                         std::to_string(partitions_) + " partitions, none " +
                                         std::to_string(start.partition->value()));
    }
    const auto error = rd_kafka_assign(client_->handle(), list.get());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return client_->failed("topic " + topic_, error);
    return {};
  }

  const std::string topic_;
  std::unique_ptr<Client> client_;
  std::uint32_t partitions_ = 0;
  std::size_t assigned_ = 0;
  std::set<std::int32_t> ended_;
  milliseconds silent_{0};  ///< Waited for in vain, since something came.
};

}  // namespace

Result<std::unique_ptr<TopicReader>> TopicReader::open(const KafkaSettingList& settings,
                                                       const std::string& topic,
                                                       const TopicStart& start,
                                                       milliseconds limit) {
  auto reader = std::make_unique<RdReader>(topic);
  OUZEL_TRY_VOID(reader->open(settings, start, limit));
  return reader;
}

}  // namespace ouzel

#endif
