#ifndef OUZEL_WITH_KAFKA

#include "ouzel/log/kafka/consumer.h"

namespace ouzel {

Result<std::unique_ptr<KafkaConsumer>> open_consumer(const ConsumerOptions&, GroupListener&) {
  return fail(ErrorCode::config,
              "this program was built without Kafka (`ouzel version --features`): run "
              "scripts/setup build, and build again");
}

}  // namespace ouzel

#else

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>

#include "ouzel/base/fault.h"
#include "ouzel/log/kafka/broker_trouble.h"
#include "ouzel/log/kafka/handles.h"

namespace ouzel {
namespace {

using namespace kafka;  // NOLINT: owners of librdkafka's objects.
using std::chrono::milliseconds;

int to_ms(milliseconds limit) { return static_cast<int>(limit.count()); }

ErrorCode code_of(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR__TRANSPORT: return ErrorCode::retry;
    default: return ErrorCode::unavailable;
  }
}

tl::unexpected<Error> failed(std::string_view doing, rd_kafka_resp_err_t error) {
  return fail(code_of(error), "kafka: " + std::string(doing) + ": " + rd_kafka_err2str(error));
}

/// A third of the session's timeout, so that one lost heartbeat costs no partition; and short, as
/// it is by its heartbeat that a member learns that others wait for it to hand a partition over.
std::string heartbeat(const KafkaSettingList& settings) {
  constexpr long kMostMs = 500;
  long ms = kMostMs;
  for (const auto& [name, value] : settings) {
    if (name == "session.timeout.ms") ms = std::strtol(value.c_str(), nullptr, 10) / 3;
  }
  return std::to_string(std::clamp(ms, 1L, kMostMs));
}

class RdConsumer final : public KafkaConsumer {
 public:
  RdConsumer(GroupListener& listener, ConsumerOptions options)
      : listener_(listener), options_(std::move(options)) {}
  ~RdConsumer() override { close(); }

  Result<void> open() {
    KafkaSettingList settings = {{"queued.max.messages.kbytes", "32768"},
                                 {"fetch.wait.max.ms", "100"},
                                 // An answer that never comes: librdkafka's own wait is a minute.
                                 {"socket.timeout.ms", "10000"},
                                 {"client.id", "ouzel"}};
    const bool classic = std::find(options_.settings.begin(), options_.settings.end(),
                                   std::pair<std::string, std::string>(
                                       "group.protocol", "consumer")) == options_.settings.end();
    if (classic) {  // The group protocol of Kafka 4 takes these from the brokers.
      settings.insert(settings.end(), {{"partition.assignment.strategy", "cooperative-sticky"},
                                       {"session.timeout.ms", "10000"},
                                       {"heartbeat.interval.ms", heartbeat(options_.settings)}});
    }
    settings.insert(settings.end(), options_.settings.begin(), options_.settings.end());
    settings.emplace_back("group.id", options_.group);
    settings.emplace_back("enable.auto.commit", "false");
    settings.emplace_back("enable.auto.offset.store", "false");
    settings.emplace_back("isolation.level", "read_committed");
    settings.emplace_back("auto.offset.reset", "error");
    settings.emplace_back("enable.partition.eof", options_.ends ? "true" : "false");
    OUZEL_TRY(Conf conf, make_conf(settings));
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_rebalance_cb(conf.get(), rebalanced);
    rd_kafka_conf_set_error_cb(conf.get(), went_wrong);
    rd_kafka_conf_set_log_cb(conf.get(), said);
    OUZEL_TRY(handle_, make_handle(RD_KAFKA_CONSUMER, std::move(conf)));
    rd_kafka_poll_set_consumer(handle_.get());
    queue_.reset(rd_kafka_queue_get_consumer(handle_.get()));
    return {};
  }

  void poll(milliseconds limit, std::size_t max, std::vector<KafkaMessage>& out) override {
    if (!subscribed_) subscribe();
    std::array<rd_kafka_message_t*, kBatch> got{};
    const auto take = [&](milliseconds wait, std::size_t most) {
      const auto count = rd_kafka_consume_batch_queue(queue_.get(), to_ms(wait), got.data(), most);
      for (ssize_t i = 0; i < count; ++i) deliver(got[static_cast<std::size_t>(i)], out);
      return count;
    };
    // A batch call waits until it is full or the time is over: so one message with the whole wait,
    // then what is there.
    if (take(limit, 1) <= 0) {
      // The library looks after the group when somebody asks it something, else every half second:
      // an idle member would be so late to see that others wait for it to join again.
      (void)group_metadata();
      return;
    }
    while (out.size() < max) {
      if (take(milliseconds(0), std::min(kBatch, max - out.size())) <= 0) return;
    }
  }

  void pause(bool paused) override {
    rd_kafka_topic_partition_list_t* all = nullptr;
    if (rd_kafka_assignment(handle_.get(), &all) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    const Partitions owned(all);
    if (paused) {
      rd_kafka_pause_partitions(handle_.get(), all);
    } else {
      rd_kafka_resume_partitions(handle_.get(), all);
    }
  }

  Result<void> seek(PartitionId partition, Offset offset) override {
    constexpr int kWaitMs = 5000;
    const Partitions one = list_of({&partition, 1});
    one->elems[0].offset = static_cast<std::int64_t>(offset.value());
    const RdError error(rd_kafka_seek_partitions(handle_.get(), one.get(), kWaitMs));
    const auto why = error ? rd_kafka_error_code(error.get()) : one->elems[0].err;
    if (why == RD_KAFKA_RESP_ERR__STATE) return assign_again(partition, offset);
    if (why != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("seek", why);
    starts_[partition] = offset;
    return {};
  }

  void close() override {
    if (!handle_ || closed_) return;
    closed_ = true;
    rd_kafka_consumer_close(handle_.get());
    queue_.reset();
  }

  Result<std::vector<GroupOffset>> committed(std::span<const PartitionId> partitions,
                                             milliseconds limit) override {
    const Partitions list = list_of(partitions);
    const auto error = rd_kafka_committed(handle_.get(), list.get(), to_ms(limit));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("committed offsets", error);
    return offsets_of(*list);
  }

  Result<void> commit(std::span<const GroupOffset> offsets) override {
    const Partitions list = offset_list(options_.topic, offsets);
    const Queue answers(rd_kafka_queue_new(handle_.get()));
    auto error = rd_kafka_commit_queue(handle_.get(), list.get(), answers.get(), nullptr, nullptr);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("commit", error);
    const Event event(rd_kafka_queue_poll(answers.get(), kCommitMs));
    error = event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("commit", error);
    return {};
  }

  Result<Watermarks> watermarks(PartitionId partition, milliseconds limit) override {
    return watermarks(options_.topic, partition, limit);
  }

  Result<Offset> end_of(const std::string& topic, milliseconds limit) override {
    OUZEL_TRY(const Watermarks marks, watermarks(topic, PartitionId(0), limit));
    return marks.high;
  }

  std::optional<Offset> end_seen(PartitionId partition) const override {
    std::int64_t low = 0;
    std::int64_t high = 0;
    const auto error = rd_kafka_get_watermark_offsets(handle_.get(), options_.topic.c_str(),
                                                      partition.value(), &low, &high);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0) return std::nullopt;
    return Offset(static_cast<std::uint64_t>(high));
  }

  Result<std::uint32_t> partitions_of(const std::string& topic, milliseconds limit) override {
    const Topic named(rd_kafka_topic_new(handle_.get(), topic.c_str(), nullptr));
    const rd_kafka_metadata_t* raw = nullptr;
    const auto error = rd_kafka_metadata(handle_.get(), 0, named.get(), &raw, to_ms(limit));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      auto out = failed("metadata of topic " + topic, error);
      const std::string why = trouble();
      if (!why.empty()) out.value().message = "kafka: " + why;
      return out;
    }
    const std::unique_ptr<const rd_kafka_metadata_t, Destroyed<rd_kafka_metadata_destroy>> found(
        raw);
    if (found->topic_cnt != 1) return std::uint32_t{0};
    const auto& entry = found->topics[0];
    if (entry.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        entry.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID) {
      return std::uint32_t{0};
    }
    if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR && entry.partition_cnt == 0) {
      return failed("metadata of topic " + topic, entry.err);
    }
    set_trouble({});  // A broker answers.
    return static_cast<std::uint32_t>(entry.partition_cnt);
  }

  Result<std::string> topic_id(milliseconds limit) override {
    const char* name = options_.topic.c_str();
    const TopicNames asked(rd_kafka_TopicCollection_of_topic_names(&name, 1));
    const AdminOptions how(
        rd_kafka_AdminOptions_new(handle_.get(), RD_KAFKA_ADMIN_OP_DESCRIBETOPICS));
    char ignored[64];
    rd_kafka_AdminOptions_set_request_timeout(how.get(), to_ms(limit), ignored, sizeof(ignored));
    const Queue answers(rd_kafka_queue_new(handle_.get()));
    rd_kafka_DescribeTopics(handle_.get(), asked.get(), how.get(), answers.get());
    const Event event(rd_kafka_queue_poll(answers.get(), to_ms(limit)));
    auto error = event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    std::size_t count = 0;
    const rd_kafka_TopicDescription_t* const* found = nullptr;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      found = rd_kafka_DescribeTopics_result_topics(
          rd_kafka_event_DescribeTopics_result(event.get()), &count);
    }
    if (count == 1) error = rd_kafka_error_code(rd_kafka_TopicDescription_error(found[0]));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("topic " + options_.topic, error);
    if (count != 1) return std::string();
    const auto* id = rd_kafka_TopicDescription_topic_id(found[0]);
    return std::string(id == nullptr ? "" : rd_kafka_Uuid_base64str(id));
  }

  GroupMetadata group_metadata() override {
    if (fault(Fault::commit_without_generation)) {
      return {rd_kafka_consumer_group_metadata_new(options_.group.c_str()),
              rd_kafka_consumer_group_metadata_destroy};
    }
    return {rd_kafka_consumer_group_metadata(handle_.get()),
            rd_kafka_consumer_group_metadata_destroy};
  }

  std::string trouble() const override {
    const std::lock_guard lock(mutex_);
    return trouble_;
  }

 private:
  Result<Watermarks> watermarks(const std::string& topic, PartitionId partition,
                                milliseconds limit) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    const auto error = rd_kafka_query_watermark_offsets(
        handle_.get(), topic.c_str(), partition.value(), &low, &high, to_ms(limit));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("offsets of topic " + topic, error);
    return Watermarks{Offset(static_cast<std::uint64_t>(low)),
                      Offset(static_cast<std::uint64_t>(high))};
  }

  static constexpr std::size_t kBatch = 1024;
  static constexpr int kCommitMs = 5000;

  void subscribe() {
    const Partitions topics(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
    const auto error = rd_kafka_subscribe(handle_.get(), topics.get());
    subscribed_ = error == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!subscribed_) set_trouble(std::string("subscribe: ") + rd_kafka_err2str(error));
  }

  void deliver(rd_kafka_message_t* message, std::vector<KafkaMessage>& out) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (!trouble_seen_.load(std::memory_order_relaxed)) return out.push_back(wrap(message));
      set_trouble({});
      return out.push_back(wrap(message));
    }
    const KafkaMessage::Owner owner(message, free_message);
    const PartitionId partition(static_cast<std::uint16_t>(message->partition));
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      return listener_.at_end(partition, Offset(static_cast<std::uint64_t>(message->offset)));
    }
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
      const auto at = listener_.out_of_range(partition);
      if (!at) return;
      if (const auto sought = seek(partition, *at); !sought) set_trouble(sought.error().message);
      return;
    }
    set_trouble(rd_kafka_message_errstr(message));
  }

  /// After "there is no such offset" the library has given the partition up: it takes no other
  /// place, only a new assignment.
  Result<void> assign_again(PartitionId partition, Offset offset) {
    starts_[partition] = offset;
    if (!cooperative()) return assign_all_again(partition);
    const Partitions one = list_of({&partition, 1});
    one->elems[0].offset = static_cast<std::int64_t>(offset.value());
    RdError wrong(rd_kafka_incremental_unassign(handle_.get(), one.get()));
    if (!wrong) wrong.reset(rd_kafka_incremental_assign(handle_.get(), one.get()));
    if (wrong) return failed("assignment", rd_kafka_error_code(wrong.get()));
    return {};
  }

  /// A group that rebalances eagerly has no assignment of one. The others go on where they are.
  Result<void> assign_all_again(PartitionId moved) {
    rd_kafka_topic_partition_list_t* raw = nullptr;
    auto error = rd_kafka_assignment(handle_.get(), &raw);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("assignment", error);
    const Partitions all(raw);
    error = rd_kafka_position(handle_.get(), raw);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("assignment", error);
    for (int i = 0; i < raw->cnt; ++i) {
      rd_kafka_topic_partition_t& one = raw->elems[i];
      const PartitionId id(static_cast<std::uint16_t>(one.partition));
      const auto start = starts_.find(id);
      if (start == starts_.end() || (one.offset >= 0 && id != moved)) continue;
      one.offset = static_cast<std::int64_t>(start->second.value());
    }
    error = rd_kafka_assign(handle_.get(), raw);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("assignment", error);
    return {};
  }

  bool cooperative() const {
    return std::string_view(rd_kafka_rebalance_protocol(handle_.get())) == "COOPERATIVE";
  }

  static void rebalanced(rd_kafka_t* /*handle*/, rd_kafka_resp_err_t error,
                         rd_kafka_topic_partition_list_t* list, void* opaque) {
    static_cast<RdConsumer*>(opaque)->rebalance(error, *list);
  }

  void rebalance(rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t& list) {
    std::vector<PartitionId> partitions;
    for (int i = 0; i < list.cnt; ++i) {
      partitions.emplace_back(static_cast<std::uint16_t>(list.elems[i].partition));
    }
    RdError wrong;
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      const std::vector<Offset> starts = listener_.assigned(partitions);
      for (std::size_t i = 0; i < starts.size(); ++i) {
        list.elems[i].offset = static_cast<std::int64_t>(starts[i].value());
        starts_[partitions[i]] = starts[i];
      }
      if (cooperative()) {
        wrong.reset(rd_kafka_incremental_assign(handle_.get(), &list));
      } else {
        rd_kafka_assign(handle_.get(), &list);
      }
    } else {
      listener_.revoked(partitions, rd_kafka_assignment_lost(handle_.get()) != 0);
      // The library would remember a pause, and nobody would end it when they come back.
      rd_kafka_resume_partitions(handle_.get(), &list);
      if (cooperative()) {
        wrong.reset(rd_kafka_incremental_unassign(handle_.get(), &list));
      } else {
        rd_kafka_assign(handle_.get(), nullptr);
      }
    }
    if (wrong) set_trouble(std::string("assignment: ") + rd_kafka_error_string(wrong.get()));
  }

  static void went_wrong(rd_kafka_t* handle, int error, const char* reason, void* opaque) {
    auto& self = *static_cast<RdConsumer*>(opaque);
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
      log_line(handle, kErrorLevel, "ERROR", reason);
    // "All brokers are down" says less than why the last of them is.
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !self.trouble().empty()) return;
    self.set_trouble(explain_trouble(reason).message);
  }

  /// Comes at once, from the library's own threads; errors come only with a poll.
  static void said(const rd_kafka_t* handle, int level, const char* facility, const char* line) {
    log_line(handle, level, facility, line);
    if (level > kErrorLevel || handle == nullptr) return;
    static_cast<RdConsumer*>(rd_kafka_opaque(handle))
        ->set_trouble(explain_trouble(without_thread(line)).message);
  }

  /// Empty: a broker answers.
  void set_trouble(std::string why) {
    if (why.empty()) log_answer();
    const std::lock_guard lock(mutex_);
    trouble_ = std::move(why);
    trouble_seen_.store(!trouble_.empty(), std::memory_order_relaxed);
  }

  Partitions list_of(std::span<const PartitionId> partitions) const {
    Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
    for (const PartitionId partition : partitions) {
      rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), partition.value());
    }
    return list;
  }

  static Result<std::vector<GroupOffset>> offsets_of(const rd_kafka_topic_partition_list_t& list) {
    std::vector<GroupOffset> out;
    for (int i = 0; i < list.cnt; ++i) {
      const rd_kafka_topic_partition_t& one = list.elems[i];
      if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("committed offsets", one.err);
      out.push_back(group_offset(one));
    }
    return out;
  }

  GroupListener& listener_;
  const ConsumerOptions options_;
  Handle handle_;
  Queue queue_;
  std::map<PartitionId, Offset> starts_;  ///< Where each was last told to begin.
  bool subscribed_ = false;
  bool closed_ = false;
  mutable std::mutex mutex_;
  std::string trouble_;
  std::atomic<bool> trouble_seen_{false};
};

}  // namespace

Result<std::unique_ptr<KafkaConsumer>> open_consumer(const ConsumerOptions& options,
                                                     GroupListener& listener) {
  auto consumer = std::make_unique<RdConsumer>(listener, options);
  OUZEL_TRY_VOID(consumer->open());
  return consumer;
}

}  // namespace ouzel

#endif
