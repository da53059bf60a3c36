#include "ouzel/tool/kafka/record_sample.h"

#include <gtest/gtest.h>

#include <map>

#include "ouzel/pipeline/pipeline.h"

namespace ouzel {
namespace {

constexpr const char* kPipeline = R"(name: press
source: {kafka: {topic: telemetry}}
schema: {key: device_id, fields: {temperature: number}}
kafka: {bootstrap.servers: "127.0.0.1:9"}
)";

using Key = std::optional<std::string_view>;

class RecordSampleTest : public ::testing::Test {
 protected:
  void take(Key key, std::string_view value) {
    sample_.take({.topic = "telemetry",
                  .partition = PartitionId(2),
                  .offset = Offset(offset_++),
                  .timestamp = clock_.wall(),
                  .key = key,
                  .value = value});
  }
  /// `state: what it found` by the check's name.
  std::map<std::string, std::string> found() const {
    std::map<std::string, std::string> out;
    for (const Check& check : sample_.checks()) {
      EXPECT_EQ(check.state == Check::State::ok, check.advice.empty());
      out[check.name] = (check.state == Check::State::ok ? "ok: " : "warn: ") + check.found;
    }
    return out;
  }

  const SystemClock clock_;
  const Pipeline pipeline_ = *parse_pipeline(kPipeline);
  RecordSample sample_{pipeline_, clock_};
  std::uint64_t offset_ = 7;
};

TEST_F(RecordSampleTest, NoRecords) {
  EXPECT_EQ(found(), (std::map<std::string, std::string>{{"record time", "ok: no records yet"}}));
}

TEST_F(RecordSampleTest, AllIsWell) {
  take("a", R"({"device_id": "a", "temperature": 1})");
  take("b", R"({"device_id": "b", "temperature": 2})");
  EXPECT_EQ(found()["records"], "ok: the newest 2 are events");
  EXPECT_EQ(found()["record key"], "ok: the newest have that of the event, device_id");
}

TEST_F(RecordSampleTest, AKeyThatASerializerWrapped) {
  const std::string framed(std::string("\0\0\0\0\7\2", 6) + "a");
  take("\"a\"", R"({"device_id": "a", "temperature": 1})");
  take(framed, R"({"device_id": "a", "temperature": 1})");
  take("\xff\xfe", R"({"device_id": "a", "temperature": 1})");  // Of that nothing can be said.
  EXPECT_EQ(found()["record key"], "ok: the newest have that of the event, device_id");
}

TEST_F(RecordSampleTest, RecordsWithoutAKey) {
  take("a", R"({"device_id": "a", "temperature": 1})");
  take(std::nullopt, R"({"device_id": "b", "temperature": 1})");
  take("", R"({"device_id": "c", "temperature": 1})");
  take("x", R"({"device_id": "d", "temperature": 1})");
  EXPECT_EQ(found()["record key"], "warn: 2 of the newest 4 have none; 2:8: the event's is 'b'");
}

TEST_F(RecordSampleTest, RecordsWithAnotherKey) {
  take("site-1", R"({"device_id": "a", "temperature": 1})");
  take("site-1", R"({"device_id": "b", "temperature": 1})");
  EXPECT_EQ(found()["record key"],
            "warn: 2 of the newest 2 have another than the event's; 2:7: 'site-1', the event's is "
            "'a'");
}

TEST_F(RecordSampleTest, WhatNoRegistryExplainsCountsNowhere) {
  const Pipeline pipeline = *parse_pipeline(
      R"(name: press
source: {kafka: {topic: telemetry, registry: "http://127.0.0.1:1"}}
schema: {key: device_id, fields: {temperature: number}}
kafka: {bootstrap.servers: "127.0.0.1:9"}
)");
  RecordSample sample(pipeline, clock_);
  sample.take({.timestamp = clock_.wall(), .value = std::string_view("\0\0\0\0\7\2a", 7)});
  ASSERT_EQ(sample.checks().size(), 1U);
  EXPECT_EQ(sample.checks().front().name, "record time");
}

TEST_F(RecordSampleTest, WhatIsRejectedIsCountedAndNoKeyIsMissedThere) {
  take(std::nullopt, "no JSON");
  take("a", R"({"device_id": "a", "temperature": "hot"})");
  take("a", R"({"device_id": "a", "temperature": 1})");
  EXPECT_TRUE(
      found()["records"].starts_with("warn: 2 of the newest 3 are rejected; 2:7: malformed: "))
      << found()["records"];
  EXPECT_TRUE(found()["record key"].starts_with("ok"));
}

}  // namespace
}  // namespace ouzel
