#ifndef OUZEL_WITH_KAFKA

#include "ouzel/log/kafka/kafka_admin.h"

namespace ouzel {

Result<std::unique_ptr<KafkaAdmin>> KafkaAdmin::open(const KafkaSettingList&,
                                                     std::chrono::milliseconds) {
  return fail(ErrorCode::config, "kafka: this build has no Kafka client; make setup fetches it");
}

}  // namespace ouzel

#else

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "ouzel/log/kafka/client.h"
#include "ouzel/log/kafka/kafka_admin.h"

namespace ouzel {
namespace {

using namespace kafka;  // NOLINT: owners of librdkafka's objects.
using std::chrono::milliseconds;
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Destroyed<rd_kafka_NewTopic_destroy>>;
using AskedGroup = std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t,
                                   Destroyed<rd_kafka_ListConsumerGroupOffsets_destroy>>;
using ChangedGroup = std::unique_ptr<rd_kafka_AlterConsumerGroupOffsets_t,
                                     Destroyed<rd_kafka_AlterConsumerGroupOffsets_destroy>>;

constexpr std::size_t kReasonBytes = 512;
constexpr int kSlice = 100;  // ms between two looks whether waiting makes sense.

bool not_there(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
         error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID ||
         error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
}

/// Where nobody has asked for a group yet, its coordinator is only made.
bool settles(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
         error == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
         error == RD_KAFKA_RESP_ERR_NOT_COORDINATOR;
}

KafkaRights rights_of(const rd_kafka_AclOperation_t* operations, std::size_t count) {
  if (count == 0) return {};
  KafkaRights out{.read = false, .write = false};
  for (std::size_t i = 0; i < count; ++i) {
    out.read = out.read || operations[i] == RD_KAFKA_ACL_OPERATION_READ ||
               operations[i] == RD_KAFKA_ACL_OPERATION_ALL;
    out.write = out.write || operations[i] == RD_KAFKA_ACL_OPERATION_WRITE ||
                operations[i] == RD_KAFKA_ACL_OPERATION_ALL;
  }
  return out;
}

class RdAdmin final : public KafkaAdmin {
 public:
  RdAdmin(std::unique_ptr<Client> client, milliseconds limit)
      : limit_(limit), client_(std::move(client)), queue_(rd_kafka_queue_new(client_->handle())) {}

  Result<KafkaCluster> cluster() override {
    const AdminOptions options = make_options(RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER, false);
    OUZEL_TRY(const Event event, ask("its brokers", [&] {
                rd_kafka_DescribeCluster(client_->handle(), options.get(), queue_.get());
              }));
    const auto* result = rd_kafka_event_DescribeCluster_result(event.get());
    std::size_t brokers = 0;
    rd_kafka_DescribeCluster_result_nodes(result, &brokers);
    const char* id = rd_kafka_DescribeCluster_result_cluster_id(result);
    return KafkaCluster{.id = id == nullptr ? "" : id,
                        .brokers = static_cast<std::uint32_t>(brokers)};
  }

  Result<std::vector<KafkaTopic>> topics(std::span<const std::string> names) override {
    std::vector<const char*> texts;
    for (const std::string& name : names) texts.push_back(name.c_str());
    const TopicNames asked(rd_kafka_TopicCollection_of_topic_names(texts.data(), texts.size()));
    const AdminOptions options = make_options(RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, true);
    OUZEL_TRY(const Event event, ask("its topics", [&] {
                rd_kafka_DescribeTopics(client_->handle(), asked.get(), options.get(),
                                        queue_.get());
              }));
    std::size_t count = 0;
    const auto* const* found = rd_kafka_DescribeTopics_result_topics(
        rd_kafka_event_DescribeTopics_result(event.get()), &count);
    std::vector<KafkaTopic> out;
    for (const std::string& name : names) {
      out.push_back({.name = name});
      for (std::size_t i = 0; i < count; ++i) {
        if (name == rd_kafka_TopicDescription_name(found[i])) {
          OUZEL_TRY_VOID(describe(*found[i], out.back()));
        }
      }
    }
    return out;
  }

  Result<std::vector<std::optional<Error>>> create(
      std::span<const KafkaTopicWish> wishes) override {
    std::vector<NewTopic> made;
    std::vector<rd_kafka_NewTopic_t*> asked;
    std::array<char, kReasonBytes> why{};
    for (const KafkaTopicWish& wish : wishes) {
      made.emplace_back(rd_kafka_NewTopic_new(
          wish.name.c_str(), static_cast<int>(wish.partitions),
          wish.replication.value_or(0) == 0 ? -1 : static_cast<int>(*wish.replication), why.data(),
          why.size()));
      if (!made.back()) return fail(ErrorCode::config, "topic " + wish.name + ": " + why.data());
      for (const auto& [name, value] : wish.settings) {
        rd_kafka_NewTopic_set_config(made.back().get(), name.c_str(), value.c_str());
      }
      asked.push_back(made.back().get());
    }
    const AdminOptions options = make_options(RD_KAFKA_ADMIN_OP_CREATETOPICS, false);
    OUZEL_TRY(const Event event, ask("create topics", [&] {
                rd_kafka_CreateTopics(client_->handle(), asked.data(), asked.size(), options.get(),
                                      queue_.get());
              }));
    return created(event.get(), wishes);
  }

  Result<std::vector<Watermarks>> watermarks(const std::string& topic,
                                             std::uint32_t partitions) override {
    std::vector<Watermarks> out;
    for (std::uint32_t i = 0; i < partitions; ++i) {
      std::int64_t low = 0;
      std::int64_t high = 0;
      const auto error = rd_kafka_query_watermark_offsets(
          client_->handle(), topic.c_str(), static_cast<std::int32_t>(i), &low, &high, wait_ms());
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return client_->failed("offsets of topic " + topic, error);
      }
      out.push_back(
          {Offset(static_cast<std::uint64_t>(low)), Offset(static_cast<std::uint64_t>(high))});
    }
    return out;
  }

  Result<std::vector<GroupOffset>> committed(const std::string& group, const std::string& topic,
                                             std::uint32_t partitions) override {
    const Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions)));
    for (std::uint32_t i = 0; i < partitions; ++i) {
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), static_cast<std::int32_t>(i));
    }
    const AskedGroup asked(rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), list.get()));
    rd_kafka_ListConsumerGroupOffsets_t* one = asked.get();
    const AdminOptions options = make_options(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, false);
    OUZEL_TRY(const Event event, ask("offsets of group " + group, [&] {
                rd_kafka_ListConsumerGroupOffsets(client_->handle(), &one, 1, options.get(),
                                                  queue_.get());
              }));
    std::size_t count = 0;
    const auto* const* groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count);
    if (count != 1) return fail(ErrorCode::unavailable, "kafka: group " + group + ": no answer");
    if (const auto* wrong = rd_kafka_group_result_error(groups[0]); wrong != nullptr) {
      return client_->failed("group " + group, rd_kafka_error_code(wrong));
    }
    return group_offsets(*rd_kafka_group_result_partitions(groups[0]));
  }

  Result<void> commit(const std::string& group, const std::string& topic,
                      std::span<const GroupOffset> offsets) override {
    const Partitions list = offset_list(topic, offsets);
    const ChangedGroup asked(rd_kafka_AlterConsumerGroupOffsets_new(group.c_str(), list.get()));
    rd_kafka_AlterConsumerGroupOffsets_t* one = asked.get();
    const AdminOptions options = make_options(RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, false);
    OUZEL_TRY(const Event event, ask("offsets of group " + group, [&] {
                rd_kafka_AlterConsumerGroupOffsets(client_->handle(), &one, 1, options.get(),
                                                   queue_.get());
              }));
    std::size_t count = 0;
    const auto* const* groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
        rd_kafka_event_AlterConsumerGroupOffsets_result(event.get()), &count);
    if (count != 1) return fail(ErrorCode::unavailable, "kafka: group " + group + ": no answer");
    if (const auto* wrong = rd_kafka_group_result_error(groups[0]); wrong != nullptr) {
      return client_->failed("group " + group, rd_kafka_error_code(wrong));
    }
    OUZEL_TRY([[maybe_unused]] const auto committed,
              group_offsets(*rd_kafka_group_result_partitions(groups[0])));
    return {};
  }

  Result<KafkaRights> group_rights(const std::string& group) override {
    const char* name = group.c_str();
    const AdminOptions options = make_options(RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, true);
    OUZEL_TRY(const Event event, ask("group " + group, [&] {
                rd_kafka_DescribeConsumerGroups(client_->handle(), &name, 1, options.get(),
                                                queue_.get());
              }));
    std::size_t count = 0;
    const auto* const* groups = rd_kafka_DescribeConsumerGroups_result_groups(
        rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
    if (count != 1) return fail(ErrorCode::unavailable, "kafka: group " + group + ": no answer");
    const auto* wrong = rd_kafka_ConsumerGroupDescription_error(groups[0]);
    if (wrong != nullptr &&
        rd_kafka_error_code(wrong) == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
      return KafkaRights{.read = false, .write = false};
    }
    std::size_t operations = 0;
    const auto* allowed =
        rd_kafka_ConsumerGroupDescription_authorized_operations(groups[0], &operations);
    return rights_of(allowed, allowed == nullptr ? 0 : operations);
  }

 private:
  int wait_ms() const { return static_cast<int>(limit_.count()); }

  AdminOptions make_options(rd_kafka_admin_op_t operation, bool rights) const {
    std::array<char, kReasonBytes> why{};
    AdminOptions options(rd_kafka_AdminOptions_new(client_->handle(), operation));
    rd_kafka_AdminOptions_set_request_timeout(options.get(), wait_ms(), why.data(), why.size());
    if (rights) {
      const RdError ignored(
          rd_kafka_AdminOptions_set_include_authorized_operations(options.get(), 1));
    }
    return options;
  }

  /// Its answer; asks again while a group's coordinator only begins to be one.
  Result<Event> ask(const std::string& what, const std::function<void()>& start) {
    for (int waited = 0;; waited += kSlice) {
      rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
      Event event = ask_once(start, error);
      if (event) return event;
      if (!settles(error) || waited >= wait_ms()) return client_->failed(what, error);
      const Event none(rd_kafka_queue_poll(queue_.get(), kSlice));
    }
  }

  /// Starts a request and waits for its answer, while there is hope. Null: see `error`.
  Event ask_once(const std::function<void()>& start, rd_kafka_resp_err_t& error) {
    start();
    for (int waited = 0; waited <= wait_ms() + kSlice; waited += kSlice) {
      Event event(rd_kafka_queue_poll(queue_.get(), kSlice));
      if (event) {
        error = rd_kafka_event_error(event.get());
        return error == RD_KAFKA_RESP_ERR_NO_ERROR ? std::move(event) : nullptr;
      }
      if (client_->hopeless()) break;
    }
    return nullptr;
  }

  Result<void> describe(const rd_kafka_TopicDescription_t& found, KafkaTopic& out) const {
    const auto* wrong = rd_kafka_TopicDescription_error(&found);
    const auto error = wrong == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(wrong);
    if (error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
      out.rights = {.read = false, .write = false};
    }
    if (not_there(error)) return {};
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return client_->failed("topic " + out.name, error);
    std::size_t partitions = 0;
    const auto* const* list = rd_kafka_TopicDescription_partitions(&found, &partitions);
    out.partitions = static_cast<std::uint32_t>(partitions);
    std::size_t copies = 0;
    if (partitions > 0) rd_kafka_TopicPartitionInfo_replicas(list[0], &copies);
    out.replication = static_cast<std::uint32_t>(copies);
    std::size_t operations = 0;
    const auto* allowed = rd_kafka_TopicDescription_authorized_operations(&found, &operations);
    out.rights = rights_of(allowed, allowed == nullptr ? 0 : operations);
    return {};
  }

  static std::vector<std::optional<Error>> created(rd_kafka_event_t* event,
                                                   std::span<const KafkaTopicWish> wishes) {
    std::size_t count = 0;
    const auto* const* results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    std::vector<std::optional<Error>> out;
    for (const KafkaTopicWish& wish : wishes) {
      out.emplace_back(Error{ErrorCode::unavailable, "topic " + wish.name + ": no answer"});
      for (std::size_t i = 0; i < count; ++i) {
        if (wish.name != rd_kafka_topic_result_name(results[i])) continue;
        const auto error = rd_kafka_topic_result_error(results[i]);
        const char* why = rd_kafka_topic_result_error_string(results[i]);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
          out.back().reset();
        } else {
          out.back() = explain("topic " + wish.name, error);
          if (why != nullptr) out.back()->message += std::string(": ") + why;
        }
      }
    }
    return out;
  }

  static Result<std::vector<GroupOffset>> group_offsets(
      const rd_kafka_topic_partition_list_t& list) {
    std::vector<GroupOffset> out;
    for (int i = 0; i < list.cnt; ++i) {
      const rd_kafka_topic_partition_t& one = list.elems[i];
      if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return tl::unexpected(explain("offsets of the group", one.err));
      }
      out.push_back(group_offset(one));
    }
    std::sort(out.begin(), out.end(),
              [](const auto& a, const auto& b) { return a.partition < b.partition; });
    return out;
  }

  const milliseconds limit_;
  const std::unique_ptr<Client> client_;
  const Queue queue_;  ///< Goes before the client.
};

}  // namespace

Result<std::unique_ptr<KafkaAdmin>> KafkaAdmin::open(const KafkaSettingList& settings,
                                                     milliseconds limit) {
  KafkaSettingList all = {{"client.id", "ouzel"}};
  all.insert(all.end(), settings.begin(), settings.end());
  OUZEL_TRY(Conf conf, make_conf(all));
  OUZEL_TRY(auto client, Client::open(RD_KAFKA_PRODUCER, std::move(conf)));
  return std::make_unique<RdAdmin>(std::move(client), limit);
}

}  // namespace ouzel

#endif
