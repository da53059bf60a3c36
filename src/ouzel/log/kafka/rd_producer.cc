#ifndef OUZEL_WITH_KAFKA

#include "ouzel/log/kafka/producer.h"

namespace ouzel {

Result<std::unique_ptr<KafkaProducer>> open_producer(const ProducerOptions&) {
  return fail(ErrorCode::config, "this program was built without Kafka");
}

}  // namespace ouzel

#else

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <map>
#include <vector>

#include "ouzel/base/fault.h"
#include "ouzel/log/kafka/handles.h"
#include "ouzel/log/kafka/kafka_settings.h"
#include "ouzel/log/kafka/producer.h"

namespace ouzel {
namespace {

using namespace kafka;  // NOLINT: owners of librdkafka's objects.
using std::chrono::milliseconds;

/// Of one call that waits for the coordinator. The transaction's own timeout ends what lasts
/// longer.
constexpr int kCallMs = 10'000;
/// How long an abort waits for what was sent already.
constexpr int kSettleMs = 1'000;
constexpr int kTries = 3;

tl::unexpected<TransactionError> fault_of(std::string_view doing, const rd_kafka_error_t* error) {
  TransactionError out{.fault = TransactionFault::dead,
                       .message = std::string(doing) + ": " + rd_kafka_error_string(error)};
  if (rd_kafka_error_txn_requires_abort(error) != 0) {
    out.fault = TransactionFault::abort;
  } else if (rd_kafka_error_is_fatal(error) == 0 && rd_kafka_error_is_retriable(error) != 0) {
    out.fault = TransactionFault::retry;
  }
  return tl::unexpected(std::move(out));
}

tl::unexpected<TransactionError> dead(std::string message) {
  return tl::unexpected(TransactionError{TransactionFault::dead, std::move(message)});
}

std::uintptr_t bytes_of(const OutRecord& record) {
  return record.key.value_or("").size() + record.value.value_or("").size() +
         bytes_of(record.headers);
}

class RdProducer final : public KafkaProducer {
 public:
  explicit RdProducer(bool transactional) : transactional_(transactional) {}
  ~RdProducer() override {
    if (!handle_) return;
    // What was not delivered is not waited for: it is sent again, or was aborted.
    rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    topics_.clear();
  }

  Result<void> open(const ProducerOptions& options) {
    const milliseconds longest = transaction_timeout(options.settings);
    KafkaSettingList settings = {{"compression.type", "lz4"},
                                 {"linger.ms", "1"},
                                 // An answer "another operation is going on" is usual: the markers
                                 // of the last transaction are being written.
                                 {"retry.backoff.ms", "5"},
                                 // A record may not be under way for longer than its transaction.
                                 {"transaction.timeout.ms", std::to_string(longest.count())},
                                 {"message.timeout.ms", std::to_string(longest.count())},
                                 {"queue.buffering.max.messages", "500000"},
                                 {"queue.buffering.max.kbytes", "131072"},
                                 {"partitioner", "murmur2_random"},
                                 kLargeRecords,
                                 {"client.id", "ouzel"}};
    too_large_ = options.too_large;
    // Whoever hears nothing for as long as a transaction may last finds out in another way.
    commit_ms_ = std::max(kSettleMs, static_cast<int>(longest.count()) / kTries);
    if (!transactional_) settings.emplace_back(kOneAtATime);
    settings.insert(settings.end(), options.settings.begin(), options.settings.end());
    settings.emplace_back("enable.idempotence", "true");
    settings.emplace_back("delivery.report.only.error", "true");
    if (transactional_) settings.emplace_back("transactional.id", options.transactional_id);
    if (options.batch_bytes > 0) {
      settings.emplace_back(kBatchSize, std::to_string(options.batch_bytes));
    }
    OUZEL_TRY(Conf conf, make_conf(settings));
    batch_bytes_ = batch_bytes_of(conf);
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), reported);
    OUZEL_TRY(handle_, make_handle(RD_KAFKA_PRODUCER, std::move(conf)));
    return {};
  }

  TransactionResult init(milliseconds limit) override {
    if (!transactional_) return {};
    const RdError error(rd_kafka_init_transactions(handle_.get(), static_cast<int>(limit.count())));
    if (error) return fault_of("init_transactions", error.get());
    return {};
  }

  TransactionResult sweep(std::span<const OutRecord> places, std::span<const GroupOffset> offsets,
                          KafkaConsumer& group) override {
    if (auto begun = begin(); !begun) return begun;
    for (const OutRecord& place : places) {
      if (auto done = produce(place); !done) return done;
    }
    if (!flush(kCallMs) || undelivered_.load(std::memory_order_relaxed) > 0) {
      return dead("topic " + (why_.empty() ? "of outcomes: no answer" : why_));
    }
    if (!offsets.empty()) {
      const GroupMetadata who = group.group_metadata();
      const Partitions list = offset_list(input_topic_, offsets);
      // Refused to who is no member; by then the group is part of the transaction, which is enough.
      const RdError refused(
          rd_kafka_send_offsets_to_transaction(handle_.get(), list.get(), who.get(), kCallMs));
    }
    const RdError error(rd_kafka_abort_transaction(handle_.get(), kCallMs));
    if (error) return dead(std::string("sweep: ") + rd_kafka_error_string(error.get()));
    return {};
  }

  TransactionResult begin() override {
    undelivered_.store(0, std::memory_order_relaxed);
    if (!transactional_) return {};
    const RdError error(rd_kafka_begin_transaction(handle_.get()));
    if (error) return fault_of("begin_transaction", error.get());
    return {};
  }

  TransactionResult produce(const OutRecord& record) override {
    for (int waited_ms = 0;;) {
      const RdError error =
          kafka::produce(handle_.get(), topic(*record.topic), record.partition.value(), record,
                         reinterpret_cast<void*>(bytes_of(record)));
      if (!error) return {};
      if (rd_kafka_error_code(error.get()) != RD_KAFKA_RESP_ERR__QUEUE_FULL ||
          waited_ms >= kCallMs) {
        auto fault = fault_of("produce to " + *record.topic, error.get());
        const bool too_large =
            rd_kafka_error_code(error.get()) == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
        if (too_large) too_large_({.topic = *record.topic, .record_bytes = bytes_of(record)});
        if (too_large || fault.value().fault == TransactionFault::retry) {
          fault.value().fault = TransactionFault::abort;
        }
        return fault;
      }
      constexpr int kWaitMs = 5;
      rd_kafka_poll(handle_.get(), kWaitMs);
      waited_ms += kWaitMs;
    }
  }

  TransactionResult commit(std::span<const GroupOffset> offsets, KafkaConsumer& group) override {
    if (!transactional_) return deliver_and_commit(offsets, group);
    const GroupMetadata who = group.group_metadata();
    if (!who) return dead("no group metadata");
    if (rd_kafka_consumer_group_metadata_generation_id(who.get()) < 0 &&
        !fault(Fault::commit_without_generation)) {
      // The broker would take it for a client without a group, whom nothing fences.
      return tl::unexpected(
          TransactionError{TransactionFault::abort, "the group has gone on without this worker"});
    }
    (void)flush(1);  // What waits is under way while the offsets are.
    if (!fault(Fault::offsets_outside)) {
      const Partitions list = offset_list(input_topic_, offsets);
      auto sent = bounded("send_offsets_to_transaction", [&] {
        return rd_kafka_send_offsets_to_transaction(handle_.get(), list.get(), who.get(),
                                                    commit_ms_);
      });
      if (!sent) return sent;
    }
    (void)flush(kSettleMs);  // What has not arrived by then the library waits for.
    kill_point(KillPoint::before_commit);
    kill_point(KillPoint::in_commit);
    while (fault(Fault::hang_in_commit)) (void)flush(kSettleMs);
    auto done = bounded("commit_transaction",
                        [&] { return rd_kafka_commit_transaction(handle_.get(), commit_ms_); });
    kill_point(KillPoint::after_commit);
    if (done && fault(Fault::offsets_outside) && !group.commit(offsets)) return dead("planted");
    return done;
  }

  TransactionResult abort() override {
    if (!transactional_) return dead("outcomes may be under way");
    // A produce request that is still under way could land in the next transaction of this epoch;
    // so only what has settled is aborted, else a new producer takes a new epoch.
    rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE);
    if (!flush(kSettleMs)) {
      return dead("abort_transaction: records are still under way");
    }
    // Nobody knows where these are. The library would take another epoch for itself, and may wait
    // for ever where its coordinator goes meanwhile (2.15).
    if (undelivered_.load(std::memory_order_relaxed) > 0) return dead("topic " + why_);
    const RdError error(rd_kafka_abort_transaction(handle_.get(), kCallMs));
    if (error) return dead(std::string("abort_transaction: ") + rd_kafka_error_string(error.get()));
    return {};
  }

  void set_topic_of_offsets(std::string topic) { input_topic_ = std::move(topic); }

 private:
  static void reported(rd_kafka_t* /*handle*/, const rd_kafka_message_t* message, void* opaque) {
    auto& self = *static_cast<RdProducer*>(opaque);
    const bool purged = message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE;  // By `abort`.
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && !purged) {
      self.undelivered_.fetch_add(1, std::memory_order_relaxed);
      if (message->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        self.too_large_({.topic = rd_kafka_topic_name(message->rkt),
                         .record_bytes = reinterpret_cast<std::uintptr_t>(message->_private),
                         .batch_bytes = self.batch_bytes_});
      }
      self.why_ =
          std::string(rd_kafka_topic_name(message->rkt)) + ": " + rd_kafka_err2str(message->err);
    }
  }

  /// The library would have us try for ever; beyond a few times nobody knows the result.
  template <class Call>
  static TransactionResult bounded(std::string_view doing, const Call& call) {
    for (int i = 1;; ++i) {
      const RdError error(call());
      if (!error) return {};
      auto fault = fault_of(doing, error.get());
      if (fault.value().fault != TransactionFault::retry) return fault;
      if (i == kTries) return dead(fault.value().message);
    }
  }

  /// Sends what waits and waits until it has arrived. By the millisecond: the library's own wait
  /// looks only every 10 ms whether it is over. False: not all within `limit_ms`.
  bool flush(int limit_ms) {
    for (int i = 0; i < limit_ms; ++i) {
      if (rd_kafka_flush(handle_.get(), 1) == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    }
    return rd_kafka_outq_len(handle_.get()) == 0;
  }

  TransactionResult deliver_and_commit(std::span<const GroupOffset> offsets, KafkaConsumer& group) {
    if (!flush(kCallMs)) return dead("produce: no answer");
    if (undelivered_.load(std::memory_order_relaxed) > 0) return dead("topic " + why_);
    if (offsets.empty()) return {};
    if (const auto done = group.commit(offsets); !done) return dead(done.error().message);
    return {};
  }

  rd_kafka_topic_t* topic(const std::string& name) {
    Topic& place = topics_[name];
    if (!place) place.reset(rd_kafka_topic_new(handle_.get(), name.c_str(), nullptr));
    return place.get();
  }

  const bool transactional_;
  std::function<void(const TooLarge&)> too_large_;
  std::uint64_t batch_bytes_ = 0;
  /// Of one try of a commit's two steps. The library's own choice would wait for a reply for ever.
  int commit_ms_ = 0;
  std::string input_topic_;
  Handle handle_;
  std::map<std::string, Topic> topics_;
  std::atomic<std::uint64_t> undelivered_{0};
  std::string why_;  ///< Of the last undelivered one; set and read within calls of this producer.
};

}  // namespace

Result<std::unique_ptr<KafkaProducer>> open_producer(const ProducerOptions& options) {
  auto producer = std::make_unique<RdProducer>(!options.transactional_id.empty());
  producer->set_topic_of_offsets(options.input_topic);
  OUZEL_TRY_VOID(producer->open(options));
  return producer;
}

}  // namespace ouzel

#endif
