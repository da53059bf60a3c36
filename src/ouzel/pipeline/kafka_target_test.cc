#include "ouzel/pipeline/kafka_target.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "ouzel/log/kafka/kafka_library.h"

namespace ouzel {
namespace {

TEST(KafkaTarget, IsAddressesAndATopic) {
  if (!kafka_built_in()) GTEST_SKIP() << "no Kafka client in this build";
  setenv("OUZEL_KAFKA_CLIENT_ID", "of-environment", 1);
  setenv("OUZEL_KAFKA_LINGER_MS", "3", 1);
  const auto target = parse_kafka_target("kafka:a:9092,b:9093/t.x", {"client.id=of-flag=1"});
  const auto plain = parse_kafka_target("kafka://a/t", {});
  unsetenv("OUZEL_KAFKA_CLIENT_ID");
  unsetenv("OUZEL_KAFKA_LINGER_MS");
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ(target->topic, "t.x");
  EXPECT_EQ(target->settings.producer, (Settings{{"client.id", "of-flag=1"},
                                                 {"linger.ms", "3"},
                                                 {"bootstrap.servers", "a:9092,b:9093"}}));
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->topic, "t");
  EXPECT_EQ(plain->settings.consumer.front().second, "of-environment");
}

TEST(KafkaTarget, SaysWhatItIsNot) {
  for (const char* text : {"kafka:", "kafka:a:9092", "kafka:/t", "kafka:a/", "kafka://"}) {
    const auto target = parse_kafka_target(text, {});
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error().message,
              "'" + std::string(text) +
                  "' is not kafka:HOST:PORT/TOPIC, or several HOST:PORT with commas between");
  }
  EXPECT_EQ(parse_kafka_target("kafka:a/t", {"x"}).error().message,
            "--kafka takes NAME=VALUE, a setting of librdkafka");
  if (!kafka_built_in()) GTEST_SKIP() << "no Kafka client in this build";
  EXPECT_EQ(parse_kafka_target("kafka:a:x/t", {}).error().message,
            "kafka.bootstrap.servers: 'a:x' is not HOST:PORT");
}

}  // namespace
}  // namespace ouzel
