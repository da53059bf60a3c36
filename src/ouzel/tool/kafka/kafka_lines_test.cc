#include "ouzel/tool/kafka/kafka_lines.h"

#include <gtest/gtest.h>

#include <vector>

namespace ouzel {
namespace {

Record record_of(std::optional<std::string_view> value, const std::vector<RecordHeader>& headers) {
  return {.topic = "t",
          .partition = PartitionId(2),
          .offset = Offset(17),
          .key = "k",
          .value = value,
          .headers = headers};
}

TEST(KafkaLines, OutcomesAreTheirEvent) {
  const std::vector<RecordHeader> headers = {
      {"ce_specversion", "1.0"},           {"ce_type", "dev.ouzel.outcome.v1"},
      {"ce_source", "/ouzel/p"},           {"ce_id", "3:5"},
      {"ce_time", "2026-03-01T00:00:00Z"}, {"content-type", "application/json"}};
  const auto line = outcome_line(record_of(R"({"a":1})", headers));
  ASSERT_TRUE(line);
  EXPECT_EQ(line->partition, PartitionId(3));
  EXPECT_EQ(line->offset, Offset(5));
  EXPECT_EQ(
      line->text,
      R"({"specversion":"1.0","id":"3:5","source":"/ouzel/p","type":"dev.ouzel.outcome.v1",)"
      R"("time":"2026-03-01T00:00:00Z","datacontenttype":"application/json","data":{"a":1}})");
  EXPECT_FALSE(outcome_line(record_of("{", headers)));
  EXPECT_FALSE(outcome_line(record_of(R"({"a":1})", {})));
  EXPECT_FALSE(outcome_line(record_of(std::nullopt, headers)));
}

TEST(KafkaLines, RejectsAreWhatTheirHeadersSay) {
  std::vector<RecordHeader> headers = {
      {"__ouzel.errors.topic", "in"},      {"__ouzel.errors.partition", "1"},
      {"__ouzel.errors.offset", "9"},      {"__ouzel.errors.pipeline", "p"},
      {"__ouzel.errors.reason", "schema"}, {"__ouzel.errors.detail", "x: \"wrong\""},
      {"__ouzel.errors.attempts", "2"}};
  const auto line = reject_line(record_of("{\"x\":\n1}", headers));
  ASSERT_TRUE(line);
  EXPECT_EQ(line->offset, Offset(9));
  EXPECT_EQ(line->text,
            R"({"specversion":"1.0","id":"1:9","source":"/ouzel/p","type":"dev.ouzel.outcome.v1",)"
            R"("datacontenttype":"application/json","data":{"event":{"key":"k","bytes":)"
            R"("{\"x\":\n1}"},"position":{"partition":1,"offset":9},"status":"rejected",)"
            R"("reason":"schema","detail":"x: \"wrong\"","attempts":2}})");
  const EventName name{.source = "/s", .id = "a", .key = "d", .time = "2026-03-01T00:00:00Z"};
  EXPECT_EQ(reject_line(record_of("1", headers), name)->text,
            R"({"specversion":"1.0","id":"1:9","source":"/ouzel/p","type":"dev.ouzel.outcome.v1",)"
            R"("time":"2026-03-01T00:00:00Z","datacontenttype":"application/json","data":{"event":)"
            R"({"source":"/s","id":"a","key":"d","time":"2026-03-01T00:00:00Z","bytes":"1"},)"
            R"("position":{"partition":1,"offset":9},"status":"rejected","reason":"schema",)"
            R"("detail":"x: \"wrong\"","attempts":2}})");
  const auto bytes = reject_line(record_of("\xff", headers));
  ASSERT_TRUE(bytes);
  EXPECT_NE(bytes->text.find(R"("bytes_base64":"/w==")"), std::string::npos);
  headers.push_back({"__ouzel.errors.left_out", "2000033"});
  EXPECT_NE(reject_line(record_of(std::nullopt, headers))
                ->text.find(R"("event":{"key":"k","left_out":2000033},"position")"),
            std::string::npos);
  headers[1].value = "-1";
  EXPECT_FALSE(reject_line(record_of("{}", headers)));
  EXPECT_FALSE(reject_line(record_of("{}", {})));
}

TEST(KafkaLines, EventsAreCloudEventsOrBecomeSome) {
  const auto shown = [](std::optional<std::string_view> value,
                        const std::vector<RecordHeader>& headers) {
    return event_line(record_of(value, headers), "p").text;
  };
  EXPECT_EQ(shown("{\n\"specversion\":\"1.0\",\"id\":\"a\"}", {}),
            R"({"ouzelposition":"2:17", "specversion":"1.0","id":"a"})");
  const std::string made =
      R"({"ouzelposition":"2:17","specversion":"1.0","id":"partition:2/offset:17",)"
      R"("source":"/ouzel/p/kafka#t","type":"dev.knative.kafka.event","partitionkey":"k",)";
  EXPECT_EQ(shown(R"({"x":1})", {}),
            made + R"("datacontenttype":"application/json","data":{"x":1}})");
  EXPECT_EQ(shown("{x:1}", {{"content-type", "application/json"}}),
            made + R"("datacontenttype":"text/plain","data":"{x:1}"})");
  EXPECT_EQ(shown("\xff", {}), made + R"("datacontenttype":"text/plain","data_base64":"/w=="})");
  EXPECT_EQ(shown(std::nullopt, {}), made + R"("datacontenttype":"text/plain"})");
  Record timed = record_of("1", {});
  timed.timestamp = WallTime(std::chrono::milliseconds(1'500));
  EXPECT_NE(event_line(timed, "p").text.find(R"("time":"1970-01-01T00:00:01.500Z")"),
            std::string::npos);
  EXPECT_EQ(shown(R"({"x":1})", {{"ce_id", "a"},
                                 {"ce_source", "/s"},
                                 {"ce_type", "y"},
                                 {"ce_data", "refused"},
                                 {"content-type", "application/json"}}),
            R"({"ouzelposition":"2:17","id":"a","source":"/s","type":"y",)"
            R"("datacontenttype":"application/json","data":{"x":1}})");
}

}  // namespace
}  // namespace ouzel
