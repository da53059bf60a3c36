#ifndef OUZEL_WITH_KAFKA

#include "ouzel/log/kafka/record_writer.h"

namespace ouzel {

Result<std::unique_ptr<RecordWriter>> RecordWriter::open(const KafkaSettingList&,
                                                         const std::string&,
                                                         std::chrono::milliseconds, Done) {
  return fail(ErrorCode::config, "kafka: this build has no Kafka client; make setup fetches it");
}

}  // namespace ouzel

#else

#include <utility>

#include "ouzel/log/kafka/client.h"
#include "ouzel/log/kafka/record_writer.h"

namespace ouzel {
namespace {

using namespace kafka;  // NOLINT: owners of librdkafka's objects.
using std::chrono::milliseconds;

/// A topic takes a MiB at once unless it says otherwise.
constexpr std::uint64_t kUsualBatch = 1'000'000;

class RdWriter final : public RecordWriter {
 public:
  RdWriter(std::string topic, Done done) : topic_(std::move(topic)), done_(std::move(done)) {}
  ~RdWriter() override {
    if (!client_) return;
    rd_kafka_purge(client_->handle(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    queue_.reset();
    named_.reset();
  }

  Result<void> open(const KafkaSettingList& given, milliseconds limit) {
    KafkaSettingList settings = {{"compression.type", "lz4"},
                                 {"message.timeout.ms", "30000"},
                                 {"queue.buffering.max.kbytes", "65536"},
                                 {"partitioner", "murmur2_random"},
                                 kOneAtATime,
                                 kLargeRecords,
                                 {"client.id", "ouzel"}};
    settings.insert(settings.end(), given.begin(), given.end());
    settings.emplace_back("enable.idempotence", "true");
    OUZEL_TRY(Conf conf, make_conf(settings));
    if (batch_bytes_of(conf) > kUsualBatch) {
      rd_kafka_conf_set(conf.get(), kBatchSize, std::to_string(kUsualBatch).c_str(), nullptr, 0);
    }
    rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR);
    OUZEL_TRY(client_, Client::open(RD_KAFKA_PRODUCER, std::move(conf)));
    queue_.reset(rd_kafka_queue_get_main(client_->handle()));
    named_.reset(rd_kafka_topic_new(client_->handle(), topic_.c_str(), nullptr));
    // So that a wrong address or password is said at once, and not of each record.
    OUZEL_TRY([[maybe_unused]] const std::uint32_t partitions,
              client_->partitions_of(topic_, limit));
    return {};
  }

  Result<bool> put(const OutRecord& record, void* token, bool placed) override {
    const RdError error =
        produce(client_->handle(), named_.get(),
                placed ? record.partition.value() : RD_KAFKA_PARTITION_UA, record, token);
    if (!error) return true;
    const auto code = rd_kafka_error_code(error.get());
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
    return client_->failed("topic " + topic_, code);
  }

  void poll(milliseconds limit) override {
    for (int wait = static_cast<int>(limit.count());; wait = 0) {
      const std::unique_ptr<rd_kafka_event_t, Destroyed<rd_kafka_event_destroy>> event(
          rd_kafka_queue_poll(queue_.get(), wait));
      if (!event) return;
      if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) continue;
      while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get())) {
        report(*message);
      }
    }
  }

  std::size_t queued() const override {
    return static_cast<std::size_t>(rd_kafka_outq_len(client_->handle()));
  }
  Error trouble() const override { return client_->trouble().gravest(); }

 private:
  void report(const rd_kafka_message_t& message) {
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) return done_(message._private, nullptr);
    const Error why = client_->failed("topic " + topic_, message.err).value();
    done_(message._private, &why);
  }

  const std::string topic_;
  const Done done_;
  std::unique_ptr<Client> client_;
  Queue queue_;
  Topic named_;
};

}  // namespace

Result<std::unique_ptr<RecordWriter>> RecordWriter::open(const KafkaSettingList& settings,
                                                         const std::string& topic,
                                                         milliseconds limit, Done done) {
  auto writer = std::make_unique<RdWriter>(topic, std::move(done));
  OUZEL_TRY_VOID(writer->open(settings, limit));
  return writer;
}

}  // namespace ouzel

#endif
