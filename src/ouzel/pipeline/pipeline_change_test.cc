#include "ouzel/pipeline/pipeline_change.h"

#include <gtest/gtest.h>

#include <map>

#include "ouzel/log/kafka/kafka_fields.h"

namespace ouzel {
namespace {

using Keys = std::map<std::string, std::string>;
using Texts = std::vector<std::string>;

Pipeline pipeline(const Keys& source, const std::string& kafka = "bootstrap.servers: \"a:1\"") {
  std::string text = "name: p\nsource:\n  kafka:\n";
  for (const auto& [key, value] : source) text.append("    " + key + ": " + value + "\n");
  text += "schema: {key: d, fields: {x: number}}\nfeatures: [{of: x, take: [mean], last: 4}]\n";
  text += "kafka: {" + kafka + "}\n";
  auto parsed = parse_pipeline(text);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return std::move(*parsed);
}

std::string restart(const std::string& key) {
  return key + ": cannot change while the engine runs: restart it";
}

TEST(FixedChanges, EveryKeyOfSourceKafkaTakesARestart) {
  const Keys others = {{"topic", "u"},
                       {"group", "h"},
                       {"from", "latest"},
                       {"format", "json"},
                       {"registry", "\"http://r:1\""},
                       {"registry_login", "a:secret"},
                       {"registry_ca_file", "ca.pem"},
                       {"guarantee", "at_least_once"},
                       {"transaction", "50ms"},
                       {"outcomes", "o"},
                       {"rejects", "r"},
                       {"journal", "j"},
                       {"models", "m"},
                       {"connect_headers", "true"},
                       {"snapshots", "/mnt/s"}};
  const Pipeline now = pipeline({{"topic", "t"}});
  for (const std::string& key : kafka_source_fields().table().names()) {
    ASSERT_TRUE(others.contains(key)) << "no other value is known for " << key;
    Keys source = {{"topic", "t"}};
    source[key] = others.at(key);
    EXPECT_EQ(fixed_changes(now, pipeline(source)), Texts({restart("source.kafka." + key)}));
  }
  EXPECT_EQ(fixed_changes(now, now), Texts());
}

TEST(FixedChanges, EverySettingOfKafkaTakesARestart) {
  const std::string login =
      "security.protocol: sasl_ssl, sasl.mechanism: PLAIN, sasl.username: u, ";
  const Pipeline now = pipeline(
      {{"topic", "t"}}, login + "bootstrap.servers: \"a:1\", client.id: c, sasl.password: one");
  const Pipeline next = pipeline(
      {{"topic", "t"}}, login + "bootstrap.servers: \"b:1\", sasl.password: two, linger.ms: \"7\"");
  EXPECT_EQ(fixed_changes(now, next),
            Texts({restart("kafka.bootstrap.servers"), restart("kafka.client.id"),
                   restart("kafka.linger.ms"), restart("kafka.sasl.password")}));
}

TEST(FixedChanges, ANameIsOfKafkaOnlyWhereItIsTheSource) {
  const std::string rest =
      "\nschema: {key: d, fields: {x: number}}\nfeatures: [{of: x, take: [mean], last: 4}]\n";
  const auto now = parse_pipeline("name: p" + rest);
  const auto next = parse_pipeline("name: q" + rest);
  ASSERT_TRUE(now && next);
  EXPECT_EQ(fixed_changes(*now, *next), Texts());
}

TEST(FixedChanges, WhatDecidesMayChange) {
  const Pipeline now = pipeline({{"topic", "t"}});
  Pipeline next = now;
  next.decide.threshold = 0.5;
  EXPECT_EQ(fixed_changes(now, next), Texts());
  next.serve.listen = "127.0.0.1:1";
  next.limits.partitions = 3;
  EXPECT_EQ(fixed_changes(now, next),
            Texts({"limits.partitions: cannot change while the engine runs: it is fixed for this "
                   "data directory",
                   restart("serve.listen")}));
}

TEST(PipelineChange, AnotherOperationIsNoOtherPlan) {
  const Pipeline now = pipeline({{"topic", "t"}});
  Pipeline next = now;
  next.decide.threshold = 0.5;
  EXPECT_TRUE(same_operation(now, next));
  next.sinks.push_back({.name = "new"});
  EXPECT_FALSE(same_operation(now, next));
  next = now;
  next.limits.in_flight += 1;
  EXPECT_FALSE(same_operation(now, next));
  next = now;
  next.serve.shutdown_delay += std::chrono::seconds(1);
  EXPECT_FALSE(same_operation(now, next));
}

TEST(PipelineChange, ASecretIsPartOfTheFile) {
  const LoadedPipeline now{.pipeline = pipeline({{"topic", "t"}}), .effective = "text"};
  EXPECT_TRUE(same_file(now, now));
  LoadedPipeline next = now;
  next.pipeline.sinks.push_back({.webhook = {.secrets = {"whsec_one"}}});
  LoadedPipeline other = now;
  other.pipeline.sinks.push_back({.webhook = {.secrets = {"whsec_two"}}});
  EXPECT_FALSE(same_file(next, other));
  other = now;
  other.pipeline.kafka_source.registry_login = "a:b";
  EXPECT_FALSE(same_file(now, other));
  other = now;
  other.pipeline.kafka.settings.emplace_back("sasl.password", "other");
  EXPECT_FALSE(same_file(now, other));
}

}  // namespace
}  // namespace ouzel
