#ifdef OUZEL_WITH_KAFKA

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
// Behind the other.
#include <librdkafka/rdkafka_mock.h>

#include <vector>

#include "ouzel/log/kafka/kafka_admin.h"

namespace ouzel {
namespace {

constexpr std::int16_t kOffsetFetch = 9;  ///< Kafka's number of that request.

/// The broker that librdkafka brings along for tests.
class Broker {
 public:
  Broker()
      : host_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)),
        cluster_(rd_kafka_mock_cluster_new(host_, 1)) {}
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  ~Broker() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(host_);
  }
  KafkaSettingList settings() const {
    return {{"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster_)}};
  }
  rd_kafka_mock_cluster_t* get() const { return cluster_; }

 private:
  rd_kafka_t* const host_;
  rd_kafka_mock_cluster_t* const cluster_;
};

TEST(RdAdmin, WaitsForACoordinatorThatIsOnlyMade) {
  const Broker broker;
  rd_kafka_mock_topic_create(broker.get(), "events", 2, 1);
  auto admin = KafkaAdmin::open(broker.settings(), std::chrono::seconds(5));
  ASSERT_TRUE(admin) << admin.error().message;
  rd_kafka_mock_push_request_errors(broker.get(), kOffsetFetch, 2,
                                    RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                                    RD_KAFKA_RESP_ERR_NOT_COORDINATOR);
  const auto found = (*admin)->committed("press", "events", 2);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->size(), 2U);
}

TEST(RdAdmin, DoesNotWaitForEver) {
  const Broker broker;
  rd_kafka_mock_topic_create(broker.get(), "events", 1, 1);
  auto admin = KafkaAdmin::open(broker.settings(), std::chrono::milliseconds(300));
  ASSERT_TRUE(admin) << admin.error().message;
  const std::vector<rd_kafka_resp_err_t> errors(100,
                                                RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
  rd_kafka_mock_push_request_errors_array(broker.get(), kOffsetFetch, errors.size(), errors.data());
  const auto found = (*admin)->committed("press", "events", 1);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace ouzel

#endif
