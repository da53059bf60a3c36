#include "ouzel/tool/kafka/kafka_doctor.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "ouzel/log/kafka/kafka_library.h"
#include "ouzel/log/kafka/kafka_settings.h"
#include "ouzel/log/kafka/topic_reader.h"
#include "ouzel/run/kafka_registry.h"
#include "ouzel/tool/kafka/group_check.h"
#include "ouzel/tool/kafka/record_sample.h"
#include "ouzel/tool/kafka/topics.h"

namespace ouzel {
namespace {

using State = Check::State;
using std::chrono::milliseconds;

constexpr milliseconds kReadMax{3000};
constexpr milliseconds kSlice{200};
constexpr std::uint64_t kNewest = 20;       ///< Records looked at; some offsets hold no record.
constexpr std::size_t kPartitionsRead = 5;  ///< Of those with records.

/// Of a message "what is wrong (what to do)" the two parts.
std::pair<std::string, std::string> apart(const std::string& message) {
  const std::size_t open = message.rfind(" (");
  if (open == std::string::npos || !message.ends_with(')')) return {message, ""};
  return {message.substr(0, open), message.substr(open + 2, message.size() - open - 3)};
}

class KafkaDoctor {
 public:
  KafkaDoctor(const Pipeline& pipeline, const Clock& clock)
      : pipeline_(pipeline), source_(pipeline.kafka_source), clock_(clock) {}

  std::vector<Check> examine() {
    if (!source_.registry.empty()) registry();
    auto admin = open_admin(pipeline_);
    if (!admin) {
      fault("kafka", admin.error());
      return std::move(checks_);
    }
    admin_ = std::move(*admin);
    if (brokers() && topics()) {
      group();
      records();
    }
    return std::move(checks_);
  }

 private:
  void say(State state, std::string name, std::string found, std::string advice = {}) {
    checks_.push_back({state, std::move(name), std::move(found), std::move(advice)});
  }

  void fault(const std::string& name, const Error& error, const std::string& key = "kafka") {
    auto [found, advice] = apart(error.message);
    if (advice.empty()) advice = "see " + key + " in " + pipeline_.name + "'s file";
    say(State::fail, name, std::move(found), std::move(advice));
    checks_.back().away = error.code == ErrorCode::unavailable;
  }

  /// Asked what the engine asks: an id that most have, and that it is unknown is an answer too.
  void registry() {
    const auto found = open_registry(pipeline_, clock_)->find(std::string_view("\0\0\0\0\1", 5));
    if (!found) return fault("schema registry", found.error(), "source.kafka.registry");
    say(State::ok, "schema registry", source_.registry + " answers");
  }

  bool brokers() {
    const auto cluster = admin_->cluster();
    if (!cluster) {
      fault("kafka", cluster.error());
      return false;
    }
    say(State::ok, "kafka",
        "cluster " + cluster->id + " of " + std::to_string(cluster->brokers) +
            (cluster->brokers == 1 ? " broker" : " brokers") + " answers; librdkafka " +
            kafka_library_version());
    return true;
  }

  /// True: all are there, so that there is something to look at.
  bool topics() {
    std::vector<std::string> names;
    for (const PipelineTopic& topic : pipeline_topics(pipeline_, 1)) {
      names.push_back(topic.wish.name);
    }
    const auto found = admin_->topics(names);
    if (!found) {
      fault("topics", found.error());
      return false;
    }
    partitions_ = found->front().partitions;
    bool all = true;
    for (const PipelineTopic& wanted : pipeline_topics(pipeline_, partitions_)) {
      const auto topic = std::find_if(found->begin(), found->end(), [&](const KafkaTopic& one) {
        return one.name == wanted.wish.name;
      });
      all = all && topic->partitions > 0;
      this->topic(wanted, *topic);
    }
    return all;
  }

  void topic(const PipelineTopic& wanted, const KafkaTopic& topic) {
    const std::string name = wanted.role + ": topic " + topic.name;
    if (topic.partitions == 0) {
      const bool hidden = !topic.rights.read && !topic.rights.write;
      return say(State::fail, "topic",
                 name + (hidden ? " is not there, or this user may not see it" : " is not there"),
                 "ouzel topics create FILE" +
                     std::string(hidden ? ", or an access rule for this user" : ""));
    }
    if (wanted.of_events && topic.partitions != partitions_) {
      return say(State::fail, "topic",
                 name + " has " + std::to_string(topic.partitions) + " partitions, the events " +
                     std::to_string(partitions_),
                 "make it anew with as many: a key's outcomes stay with its events");
    }
    const bool cannot_read = wanted.read && !topic.rights.read;
    if (cannot_read || (wanted.written && !topic.rights.write)) {
      return say(State::fail, "topic",
                 "this user may not " + std::string(cannot_read ? "read " : "write to ") + name,
                 "an access rule: " + std::string(cannot_read ? "READ" : "WRITE") + " on topic " +
                     topic.name);
    }
    const std::string found = name + ", " + std::to_string(topic.partitions) +
                              (topic.partitions == 1 ? " partition, " : " partitions, ") +
                              std::to_string(topic.replication) +
                              (topic.replication == 1 ? " copy" : " copies");
    if (topic.replication > 1) return say(State::ok, "topic", found);
    say(State::warn, "topic", found, "a broker's disk that fails takes it along: 3 copies");
  }

  void group() {
    const auto rights = admin_->group_rights(source_.group);
    if (!rights) return fault("group", rights.error());
    if (!rights->read) {
      return say(State::fail, "group", "this user may not be a member of group " + source_.group,
                 "an access rule: READ on group " + source_.group);
    }
    const auto ends = admin_->watermarks(source_.topic, partitions_);
    if (!ends) return fault("group", ends.error());
    const auto committed = admin_->committed(source_.group, source_.topic, partitions_);
    if (!committed) return fault("group", committed.error());
    ends_ = *ends;
    checks_.push_back(check_group(source_.group, source_.topic, ends_, *committed));
  }

  /// The newest records of the first partitions that hold any.
  void records() {
    RecordSample sample(pipeline_, clock_);
    if (const auto read = sample_newest(sample); !read) return fault("records", read.error());
    for (Check& check : sample.checks()) checks_.push_back(std::move(check));
  }

  Result<void> sample_newest(RecordSample& sample) {
    OUZEL_TRY(const KafkaSettings settings, kafka_settings(pipeline_.kafka, pipeline_.directory));
    const SteadyTime end = clock_.steady() + kReadMax;
    std::size_t looked_at = 0;
    for (std::size_t i = 0; i < ends_.size() && looked_at < kPartitionsRead; ++i) {
      if (ends_[i].high == ends_[i].low) continue;
      ++looked_at;
      const std::uint64_t high = ends_[i].high.value();
      const TopicStart start{
          .kind = TopicStart::Kind::offset,
          .partition = PartitionId(static_cast<std::uint16_t>(i)),
          .offset = std::max(ends_[i].low, Offset(high - std::min(high, kNewest)))};
      OUZEL_TRY(const auto reader,
                TopicReader::open(settings.consumer, source_.topic, start, kReadMax));
      std::vector<KafkaMessage> messages;
      while (messages.size() < kNewest && !reader->at_end() && clock_.steady() < end) {
        OUZEL_TRY_VOID(reader->poll(kSlice, kNewest, messages));
      }
      for (const KafkaMessage& message : messages) sample.take(message.record());
    }
    return {};
  }

  const Pipeline& pipeline_;
  const KafkaSourceSpec& source_;
  const Clock& clock_;
  std::unique_ptr<KafkaAdmin> admin_;
  std::uint32_t partitions_ = 0;
  std::vector<Watermarks> ends_;
  std::vector<Check> checks_;
};

}  // namespace

std::vector<Check> examine_kafka(const Pipeline& pipeline, const Clock& clock) {
  return KafkaDoctor(pipeline, clock).examine();
}

}  // namespace ouzel
