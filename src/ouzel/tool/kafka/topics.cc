#include "ouzel/tool/kafka/topics.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "ouzel/base/exit_code.h"
#include "ouzel/base/wake.h"
#include "ouzel/log/kafka/kafka_settings.h"

namespace ouzel {
namespace {

constexpr std::chrono::milliseconds kAnswerMax = std::chrono::seconds(5);
constexpr std::chrono::milliseconds kLook{100};
constexpr std::uint64_t kBatchOverhead = 4096;    ///< Of a record of the largest event.
constexpr std::uint64_t kBrokersBytes = 1 << 20;  ///< What brokers take by default, about.

std::string text(std::uint64_t number) { return std::to_string(number); }

std::string count_of(std::uint64_t number, const std::string& noun) {
  return text(number) + " " + noun + (number == 1 ? "" : "s");
}

/// What a topic is, or what is wrong with it.
std::string describe(const KafkaTopic& found, const PipelineTopic& topic, bool& good) {
  if (found.partitions == 0) {
    good = false;
    return found.rights.read || found.rights.write ? "missing" : "not there, or not for this user";
  }
  std::string out = count_of(found.partitions, "partition") + ", " +
                    (found.replication == 1 ? "1 copy" : text(found.replication) + " copies");
  if (topic.of_events && found.partitions != topic.wish.partitions) {
    good = false;
    out += ": must have " + text(topic.wish.partitions) + ", as the events";
  }
  return out;
}

class Topics {
 public:
  Topics(const Pipeline& pipeline, KafkaAdmin& admin, const TopicsOptions& options)
      : pipeline_(pipeline), admin_(admin), options_(options) {}

  Result<int> run() {
    std::vector<PipelineTopic> wanted = pipeline_topics(pipeline_, wished());
    OUZEL_TRY(std::vector<KafkaTopic> found, look(wanted));
    // The others follow the input, however many partitions it was made with.
    if (found.front().partitions > 0) {
      wanted = pipeline_topics(pipeline_, found.front().partitions);
    }
    return options_.action == "create" ? create(wanted, found) : list(wanted, found);
  }

 private:
  std::uint32_t wished() const {
    return options_.partitions > 0 ? options_.partitions : pipeline_.limits.partitions;
  }

  Result<std::vector<KafkaTopic>> look(const std::vector<PipelineTopic>& wanted) {
    std::vector<std::string> names;
    for (const PipelineTopic& topic : wanted) names.push_back(topic.wish.name);
    return admin_.topics(names);
  }

  static int list(const std::vector<PipelineTopic>& wanted, const std::vector<KafkaTopic>& found) {
    bool all_good = true;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      bool good = true;
      const std::string what = describe(found[i], wanted[i], good);
      std::printf("%-9s %s: %s\n", wanted[i].role.c_str(), found[i].name.c_str(), what.c_str());
      all_good = all_good && good;
    }
    return all_good ? kExitDone : kExitFailed;
  }

  Result<int> create(const std::vector<PipelineTopic>& wanted,
                     const std::vector<KafkaTopic>& found) {
    bool all_good = true;
    std::vector<KafkaTopicWish> missing;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (found[i].partitions == 0) {
        missing.push_back(wanted[i].wish);
        missing.back().replication = options_.replication;
        continue;
      }
      bool good = true;
      std::string what = describe(found[i], wanted[i], good);
      if (i == 0 && options_.partitions > 0 && found[i].partitions != options_.partitions) {
        good = false;
        what += ": left so, although " + text(options_.partitions) + " were asked for";
      }
      std::printf("%-9s %s: is there: %s\n", wanted[i].role.c_str(), found[i].name.c_str(),
                  what.c_str());
      all_good = all_good && good;
    }
    if (missing.empty()) return all_good ? kExitDone : kExitFailed;
    OUZEL_TRY(const auto made, admin_.create(missing));
    std::chrono::milliseconds patience = kAnswerMax;
    for (std::size_t i = 0; i < missing.size(); ++i) {
      const std::string& role = role_of(wanted, missing[i].name);
      if (!made[i]) {
        std::printf("%-9s %s: made, %s\n", role.c_str(), missing[i].name.c_str(),
                    count_of(missing[i].partitions, "partition").c_str());
        wait_for_leaders(missing[i], patience);
        continue;
      }
      all_good = false;
      std::fprintf(stderr, "ouzel topics: %s\n", made[i]->message.c_str());
    }
    return all_good ? kExitDone : kExitFailed;
  }

  /// The brokers say that a topic is made before its partitions have leaders; who asks or writes at
  /// once would be refused.
  void wait_for_leaders(const KafkaTopicWish& made, std::chrono::milliseconds& patience) {
    Wake pause;
    for (; !admin_.watermarks(made.name, made.partitions) && patience > kLook; patience -= kLook) {
      pause.wait_for(kLook);
    }
  }

  static const std::string& role_of(const std::vector<PipelineTopic>& wanted,
                                    const std::string& name) {
    return std::find_if(wanted.begin(), wanted.end(),
                        [&](const PipelineTopic& topic) { return topic.wish.name == name; })
        ->role;
  }

  const Pipeline& pipeline_;
  KafkaAdmin& admin_;
  const TopicsOptions& options_;
};

}  // namespace

std::vector<PipelineTopic> pipeline_topics(const Pipeline& pipeline, std::uint32_t partitions) {
  const KafkaSourceSpec& source = pipeline.kafka_source;
  const auto kept =
      std::chrono::duration_cast<std::chrono::milliseconds>(pipeline.limits.retention);
  KafkaSettingList settings = {{"cleanup.policy", "delete"}, {"retention.ms", text(kept.count())}};
  const std::uint64_t largest = pipeline.schema.event_bytes_max + kBatchOverhead;
  if (largest > kBrokersBytes) settings.emplace_back("max.message.bytes", text(largest));
  const auto of_events = [&](const std::string& name) {
    return KafkaTopicWish{.name = name, .partitions = partitions, .settings = settings};
  };
  // What is too large for the schema is rejected too, as it came.
  KafkaTopicWish rejects = of_events(source.rejects);
  std::erase_if(rejects.settings, [](const auto& one) { return one.first == "max.message.bytes"; });
  rejects.settings.emplace_back("max.message.bytes", kLargestBatch);
  const auto single = [](const std::string& name, KafkaSettingList how) {
    return KafkaTopicWish{.name = name, .partitions = 1, .settings = std::move(how)};
  };
  // What was in force when is kept for as long as somebody may ask.
  const KafkaSettingList for_ever = {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}};
  return {{.role = "events",
           .wish = of_events(source.topic),
           .of_events = true,
           .read = true,
           .written = false},
          {.role = "outcomes", .wish = of_events(source.outcomes), .of_events = true},
          {.role = "rejects", .wish = std::move(rejects), .of_events = true},
          {.role = "journal", .wish = single(source.journal, for_ever)},
          {.role = "models",
           .wish = single(source.models, {{"cleanup.policy", "compact"}}),
           .read = true}};
}

Result<std::unique_ptr<KafkaAdmin>> open_admin(const Pipeline& pipeline) {
  if (pipeline.kafka_source.topic.empty()) {
    return fail(ErrorCode::config,
                "pipeline " + pipeline.name + ": its events do not come from Kafka (source.kafka)");
  }
  OUZEL_TRY(const KafkaSettings settings, kafka_settings(pipeline.kafka, pipeline.directory));
  return KafkaAdmin::open(settings.producer, kAnswerMax);
}

int topics(const TopicsOptions& options) {
  const auto loaded = load_or_print(options.file);
  if (!loaded) return kExitConfig;
  const auto admin = open_admin(loaded->pipeline);
  if (!admin) return failed("topics", admin.error());
  const auto done = Topics(loaded->pipeline, **admin, options).run();
  return done ? *done : failed("topics", done.error());
}

}  // namespace ouzel
