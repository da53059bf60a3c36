/// Owners of librdkafka's objects, and settings as it takes them. For the files of this folder that
/// are compiled with librdkafka.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ouzel/base/error.h"
#include "ouzel/log/kafka/consumer.h"
#include "ouzel/log/kafka/kafka_spec.h"
#include "ouzel/log/kafka/producer.h"

namespace ouzel::kafka {

template <auto destroy>
struct Destroyed {
  template <class T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using Handle = std::unique_ptr<rd_kafka_t, Destroyed<rd_kafka_destroy>>;
using Conf = std::unique_ptr<rd_kafka_conf_t, Destroyed<rd_kafka_conf_destroy>>;
using RdError = std::unique_ptr<rd_kafka_error_t, Destroyed<rd_kafka_error_destroy>>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                   Destroyed<rd_kafka_topic_partition_list_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroyed<rd_kafka_queue_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Destroyed<rd_kafka_topic_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroyed<rd_kafka_event_destroy>>;
using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, Destroyed<rd_kafka_AdminOptions_destroy>>;
using TopicNames =
    std::unique_ptr<rd_kafka_TopicCollection_t, Destroyed<rd_kafka_TopicCollection_destroy>>;

/// Settings in order; a later one wins. Error config: librdkafka refuses one.
Result<Conf> make_conf(const KafkaSettingList& settings);
/// Takes `conf` over. Error config: its settings contradict each other, or a file cannot be read.
Result<Handle> make_handle(rd_kafka_type_t type, Conf conf);
/// Offsets to commit, with their metadata.
Partitions offset_list(const std::string& topic, std::span<const GroupOffset> offsets);
/// For an idempotent producer without transactions. A broker that knows nothing of a producer takes
/// any batch for its first: were several under way while a partition gets its leader, the second
/// could come first, and the first, tried again, would count as a repeat and be lost.
inline const std::pair<std::string, std::string> kOneAtATime{"max.in.flight", "1"};
/// Records are as large as brokers take them; so it is batch.size alone that bounds a batch.
inline const std::pair<std::string, std::string> kLargeRecords{"message.max.bytes", kLargestBatch};
inline constexpr char kBatchSize[] = "batch.size";
std::uint64_t batch_bytes_of(const Conf& conf);
/// What the group has there, with its metadata.
GroupOffset group_offset(const rd_kafka_topic_partition_t& found);
/// Takes a message over that has no error.
KafkaMessage wrap(rd_kafka_message_t* message);
void free_message(rd_kafka_message_t* message);
/// Queues a record for a partition (or RD_KAFKA_PARTITION_UA); `token` comes back with its report.
RdError produce(rd_kafka_t* handle, rd_kafka_topic_t* topic, std::int32_t partition,
                const OutRecord& record, void* token = nullptr);
/// Of librdkafka's own lines (as syslog's): from here down something is wrong.
inline constexpr int kErrorLevel = 3;
std::string_view without_thread(std::string_view line);  ///< Its "[thrd:…]: " cut off.
/// librdkafka's own lines become log lines: where something is wrong a warning, which all clients
/// of the process together do not repeat (trouble_lines.h).
void log_line(const rd_kafka_t* handle, int level, const char* facility, const char* line);
/// A broker answers: a log line if none did before.
void log_answer();

}  // namespace ouzel::kafka
