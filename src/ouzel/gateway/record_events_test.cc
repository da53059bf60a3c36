#include "ouzel/gateway/record_events.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/random.h"
#include "ouzel/decode/decode_fixture.h"
#include "ouzel/http/message.h"
#include "ouzel/log/record_time.h"

namespace ouzel {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::string_view kGood = R"({"device_id":"d1","temperature":21.5})";
constexpr std::string_view kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr std::string_view kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What a row is, with its time in ms since 1970; -1: none.
struct Row {
  Fate fate = Fate::live;
  std::string source, id, key, trace, detail;
  std::int64_t time_ms = 0;
  double first = 0;
};

Row row_of(const Batch& batch, std::size_t i) {
  return {.fate = batch.fate[i],
          .source = std::string(batch.source[i]),
          .id = std::string(batch.id[i]),
          .key = std::string(batch.key[i]),
          .trace = std::string(batch.trace[i]),
          .detail = std::string(batch.detail[i]),
          .time_ms = batch.time[i] == kNoTime ? -1 : batch.time[i].time_since_epoch().count() / kMs,
          .first = batch.values.row(i)[0]};
}

Record record_of(std::string_view value, std::span<const RecordHeader> headers = {}) {
  return {.topic = "telemetry",
          .partition = PartitionId(3),
          .offset = Offset(10412),
          .timestamp = WallTime(std::chrono::milliseconds(1'700'000'000'123)),
          .key = "press-12",
          .value = value,
          .headers = headers};
}

class RecordEventsTest : public ::testing::Test {
 protected:
  Row read(const Record& record) {
    RecordEvents events(schema, {.pipeline = "press-line", .topic = "telemetry", .format = format});
    Batch batch;
    reset(batch, schema);
    const auto done = events.append(record, batch);
    EXPECT_TRUE(done) << done.error().message;
    EXPECT_EQ(batch.rows(), 1U);
    return row_of(batch, 0);
  }
  Row read(std::string_view value, std::vector<RecordHeader> headers = {}) {
    return read(record_of(value, headers));
  }

  Schema schema = plain_schema();
  RecordFormat format = RecordFormat::automatic;
};

std::vector<RecordHeader> binary_headers() {
  return {{"ce_specversion", "1.0"},
          {"ce_id", "1234-1234-1234"},
          {"ce_type", "com.example.someevent"},
          {"ce_source", "/mycontext/subcontext"},
          {"ce_time", "2018-04-05T03:56:24Z"},
          {"content-type", "application/json"}};
}

TEST_F(RecordEventsTest, APayloadIsNamedAsKafkaSourceNamesIt) {
  const Row row = read(kGood);
  EXPECT_EQ(row.fate, Fate::live) << row.detail;
  EXPECT_EQ(row.source, "/ouzel/press-line/kafka#telemetry");
  EXPECT_EQ(row.id, "partition:3/offset:10412");
  EXPECT_EQ(row.key, "d1");
  EXPECT_EQ(row.time_ms, 1'700'000'000'123);
  EXPECT_EQ(row.first, 21.5);
  EXPECT_EQ(row.trace, "");
}

TEST_F(RecordEventsTest, ThePayloadsOwnTimeGoesBeforeTheRecords) {
  schema = timed_schema();
  EXPECT_EQ(read(R"({"device_id":"d1","temperature":1,"ts":1600000000})").time_ms,
            1'600'000'000'000);
}

TEST_F(RecordEventsTest, ARecordWithoutATimestampHasNoTime) {
  Record record = record_of(kGood);
  record.timestamp = kNoTimestamp;
  const Row row = read(record);
  EXPECT_EQ(row.fate, Fate::schema);
  EXPECT_EQ(row.detail.find("time: missing, expected the event's own or a timestamp of"), 0U);
  EXPECT_EQ(row.time_ms, -1);
  schema = timed_schema();
  record.value = R"({"device_id":"d1","temperature":1,"ts":1600000000})";
  EXPECT_EQ(read(record).fate, Fate::live);
}

TEST_F(RecordEventsTest, AKeyMayBeAnAttributeOfThePayload) {
  const std::vector<RecordHeader> headers{{"Content-Type", "application/json"},
                                          {"Tenant-ID", "blue"}};
  const auto key_from = [&](std::string name) {
    schema.key = {FieldSource::Kind::attribute, std::move(name)};
    return read(record_of(kGood, headers));
  };
  EXPECT_EQ(key_from("key").key, "press-12");
  EXPECT_EQ(key_from("partitionkey").key, "press-12");
  EXPECT_EQ(key_from("subject").key, "partition:3#10412");
  EXPECT_EQ(key_from("type").key, "dev.knative.kafka.event");
  EXPECT_EQ(key_from("id").key, "partition:3/offset:10412");
  EXPECT_EQ(key_from("source").key, "/ouzel/press-line/kafka#telemetry");
  EXPECT_EQ(key_from("datacontenttype").key, "application/json");
  EXPECT_EQ(key_from("kafkaheadertenantid").key, "blue");
  for (const char* absent :
       {"kafkaheadertenant", "kafkaheadertenantids", "kafkaheader", "colour"}) {
    const Row row = key_from(absent);
    EXPECT_EQ(row.fate, Fate::no_key) << absent;
    EXPECT_EQ(row.detail, "ce." + std::string(absent) + ": missing, expected the event's key");
  }
}

TEST_F(RecordEventsTest, AnAttributeMayBeTheTime) {
  schema.time = {FieldSource::Kind::attribute, "time"};
  EXPECT_EQ(read(kGood).time_ms, 1'700'000'000'123);
  schema.time = {FieldSource::Kind::attribute, "kafkaheadermeasured"};
  EXPECT_EQ(read(kGood, {{"measured", "2018-04-05T03:56:24Z"}}).time_ms, 1'522'900'584'000);
  EXPECT_EQ(read(kGood, {{"measured", "yesterday"}}).fate, Fate::schema);
  EXPECT_EQ(read(kGood).time_ms, -1);
}

TEST_F(RecordEventsTest, AKeyThatIsNoTextIsInBase64AndAnEmptyOneIsNone) {
  schema.key = {FieldSource::Kind::attribute, "key"};
  Record record = record_of(kGood);
  record.key = std::string_view("\x00\xff\x10", 3);
  EXPECT_EQ(read(record).key, "AP8Q");
  record.key = "";
  EXPECT_EQ(read(record).fate, Fate::no_key);
  record.key.reset();
  EXPECT_EQ(read(record).fate, Fate::no_key);
  const std::string long_key(schema.key_bytes_max + 1, 'k');
  record.key = long_key;
  EXPECT_EQ(read(record).fate, Fate::no_key);
}

TEST_F(RecordEventsTest, BinaryMode) {
  const Row row = read(kGood, binary_headers());
  EXPECT_EQ(row.fate, Fate::live) << row.detail;
  EXPECT_EQ(row.source, "/mycontext/subcontext");
  EXPECT_EQ(row.id, "1234-1234-1234");
  EXPECT_EQ(row.time_ms, 1'522'900'584'000);
  EXPECT_EQ(row.first, 21.5);
}

TEST_F(RecordEventsTest, StructuredModeByItsHeader) {
  const std::string event = R"({"specversion":"1.0","type":"t","time":"2018-04-05T03:56:24Z",)"
                            R"("id":"1234","source":"/my","datacontenttype":"application/json",)"
                            R"("data":)" +
                            std::string(kGood) + "}";
  for (const char* type :
       {"application/cloudevents+json", "application/cloudevents+json; charset=utf-8",
        "Application/CloudEvents+JSON", "application/cloudevents"}) {
    const Row row = read(event, {{"content-type", type}, {"ce_id", "other"}});
    EXPECT_EQ(row.fate, Fate::live) << type << row.detail;
    EXPECT_EQ(row.source, "/my");
    EXPECT_EQ(row.id, "1234");
    EXPECT_EQ(row.time_ms, 1'522'900'584'000);
    EXPECT_EQ(row.key, "d1");
  }
  // Written by a client that sets no headers.
  EXPECT_EQ(read(event).id, "1234");
  format = RecordFormat::json;
  EXPECT_EQ(read(event, {{"content-type", "application/cloudevents+json"}}).fate, Fate::no_key);
}

TEST_F(RecordEventsTest, OtherFormsOfCloudEventsAreRejectedByName) {
  for (const char* type : {"application/cloudevents+protobuf", "application/cloudevents+avro",
                           "application/cloudevents-batch+json"}) {
    const Row row = read(kGood, {{"content-type", type}});
    EXPECT_EQ(row.fate, Fate::envelope);
    EXPECT_EQ(row.detail,
              std::string("content-type: expected application/cloudevents+json, got ") + type);
    EXPECT_EQ(row.id, "partition:3/offset:10412");
  }
}

TEST_F(RecordEventsTest, JsonFormatIgnoresHeaders) {
  format = RecordFormat::json;
  EXPECT_EQ(read(kGood, binary_headers()).id, "partition:3/offset:10412");
}

TEST_F(RecordEventsTest, HeadersAreNotPercentDecoded) {
  auto headers = binary_headers();
  headers[1].value = "Euro%20\xe2\x82\xac \xf0\x9f\x98\x80 \"quoted\" back\\slash";
  const Row row = read(kGood, headers);
  EXPECT_EQ(row.fate, Fate::live) << row.detail;
  EXPECT_EQ(row.id, *headers[1].value);
}

TEST_F(RecordEventsTest, ExtensionsOfBinaryMode) {
  schema.key = {FieldSource::Kind::attribute, "partitionkey"};
  auto headers = binary_headers();
  headers.push_back({"ce_partitionkey", "p-7"});
  EXPECT_EQ(read(kGood, headers).key, "p-7");
  headers.push_back({"ce_Bad-Name", "x"});
  EXPECT_EQ(read(kGood, headers).fate, Fate::envelope);
  headers.back() = {"ce_partitionkey", "p-8"};
  EXPECT_EQ(read(kGood, headers).detail, "partitionkey: duplicate attribute");
  headers.back() = {"ce_other", std::nullopt};
  EXPECT_EQ(read(kGood, headers).fate, Fate::live);
}

TEST_F(RecordEventsTest, WhatBreaksTheRulesOfBinaryMode) {
  for (const char* missing : {"ce_specversion", "ce_id", "ce_type", "ce_source"}) {
    auto headers = binary_headers();
    std::erase_if(headers, [&](const RecordHeader& header) { return header.name == missing; });
    const Row row = read(kGood, headers);
    EXPECT_EQ(row.fate, Fate::envelope) << missing;
    EXPECT_EQ(row.detail, std::string(missing).substr(3) + ": missing attribute");
  }
  const auto with = [&](RecordHeader header) {
    auto headers = binary_headers();
    headers.push_back(header);
    return read(kGood, headers);
  };
  EXPECT_EQ(with({"ce_datacontenttype", "application/json"}).detail,
            "ce_datacontenttype: not a header of binary mode; content-type and the value say it");
  EXPECT_EQ(with({"ce_x", "\xc0\xa0"}).detail, "ce_x: not UTF-8");
  EXPECT_EQ(with({"ce_\xff", "x"}).fate, Fate::envelope);
  EXPECT_EQ(with({"ce_x", "\xc0\xa0"}).id, "1234-1234-1234");
}

TEST_F(RecordEventsTest, DataOfBinaryMode) {
  auto headers = binary_headers();
  const Row row = read(R"({"device_id":"d1","temperature":})", headers);
  EXPECT_EQ(row.fate, Fate::malformed);
  EXPECT_TRUE(row.detail.starts_with("not valid JSON")) << row.detail;
  EXPECT_EQ(row.id, "1234-1234-1234");
  // What closes the data's object does not become attributes.
  EXPECT_EQ(read(R"({"device_id":"d1","temperature":1},"subject":"s")", headers).fate,
            Fate::malformed);
  schema.key = {FieldSource::Kind::attribute, "source"};
  headers.back().value = "text/plain";
  EXPECT_EQ(read("hello", headers).detail, "payload is not JSON");
  headers.back().value = "\xff";
  EXPECT_EQ(read(kGood, headers).detail, "content-type: not UTF-8");
  headers.pop_back();
  EXPECT_EQ(read(kGood, headers).fate, Fate::live);
  // Without a value it is an event without data.
  Record record = record_of("", headers);
  record.value.reset();
  EXPECT_EQ(read(record).fate, Fate::schema);
  EXPECT_EQ(read(record).id, "1234-1234-1234");
}

TEST_F(RecordEventsTest, TheRecordsTraceGoesBeforeTheEvents) {
  constexpr std::string_view kOther = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_EQ(read(kGood, {{"traceparent", kTraceparent}}).trace, kTrace);
  EXPECT_EQ(read(kGood, {{"traceparent", "nonsense"}}).trace, "");
  auto headers = binary_headers();
  headers.push_back({"ce_traceparent", kOther});
  EXPECT_EQ(read(kGood, headers).trace, kOther.substr(3, 32));
  headers.push_back({"traceparent", kTraceparent});
  EXPECT_EQ(read(kGood, headers).trace, kTrace);
  EXPECT_EQ(read("{", headers).trace, kTrace);
}

TEST_F(RecordEventsTest, ATombstoneIsARejection) {
  Record record = record_of("");
  record.value.reset();
  const Row row = read(record);
  EXPECT_EQ(row.fate, Fate::malformed);
  EXPECT_EQ(row.detail, "a record without a value (a tombstone): expected a JSON object");
  EXPECT_EQ(row.id, "partition:3/offset:10412");
  EXPECT_EQ(read("").fate, Fate::malformed);
}

TEST_F(RecordEventsTest, ValuesBeyondTheLimitAreRejected) {
  schema.event_bytes_max = kGood.size();
  EXPECT_EQ(read(kGood).fate, Fate::live);
  const Row row = read(std::string(kGood) + " ");
  EXPECT_EQ(row.fate, Fate::too_large);
  EXPECT_EQ(row.detail, "expected at most 37 bytes, got 38");
}

TEST_F(RecordEventsTest, FramedValuesNeedARegistry) {
  const Row row = read(std::string_view("\0\0\0\0\7{}", 7));
  EXPECT_EQ(row.fate, Fate::malformed);
  EXPECT_EQ(row.detail,
            "framed for a schema registry, schema 7: set source.kafka.registry to its URL");
  format = RecordFormat::json;
  EXPECT_TRUE(read(std::string_view("\0\0\0\0\7{}", 7)).detail.starts_with("not valid JSON"));
}

/// Answers from a table; counts the questions.
class TableClient final : public RegistryClient {
 public:
  RegistryAnswer get(const std::string& path) override {
    ++questions;
    const auto at = answers.find(path);
    if (at != answers.end()) return {.status = 200, .body = at->second, .error = {}};
    if (!there) return {.status = 0, .body = {}, .error = "connection refused"};
    return {.status = 404, .body = R"({"error_code":40403,"message":"Schema not found"})"};
  }
  std::map<std::string, std::string> answers;
  bool there = true;
  int questions = 0;
};

constexpr std::string_view kAvroAnswer =
    R"({"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[)"
    R"({\"name\":\"device_id\",\"type\":\"string\"},)"
    R"({\"name\":\"temperature\",\"type\":\"double\"}]}"})";
constexpr std::string_view kAvroBody("\4d1\0\0\0\0\0\200\65\100", 11);  // d1, 21.5

class FramedRecordsTest : public RecordEventsTest {
 protected:
  FramedRecordsTest() {
    auto made = std::make_unique<TableClient>();
    client = made.get();
    client->answers = {
        {"/schemas/ids/7", std::string(kAvroAnswer)},
        {"/schemas/ids/8", R"({"schema":"{}","schemaType":"JSON"})"},
        {"/schemas/ids/9", R"({"schema":"syntax = \"proto3\";","schemaType":"PROTOBUF"})"},
        {"/schemas/ids/10", R"({"schema":"x","schemaType":"XML"})"},
        {"/schemas/ids/11", R"({"schema":"{\"type\":\"strin\"}"})"},
        {"/schemas/guids/01020304-0506-0708-090a-0b0c0d0e0f10", std::string(kAvroAnswer)}};
    registry.emplace(std::move(made), "http://registry:8081/", clock);
    events.emplace(schema, RecordEvents::Options{.pipeline = "press-line",
                                                 .topic = "telemetry",
                                                 .registry = &*registry,
                                                 .clock = &clock});
  }
  Row framed(std::string_view value, std::vector<RecordHeader> headers = {}) {
    Batch batch;
    reset(batch, schema);
    const auto done = events->append(record_of(value, headers), batch);
    EXPECT_TRUE(done) << done.error().message;
    return batch.rows() == 1 ? row_of(batch, 0) : Row();
  }
  static std::string frame(char id, std::string_view body) {
    return std::string("\0\0\0\0", 4).append(1, id).append(body);
  }

  ManualClock clock;
  TableClient* client = nullptr;
  std::optional<SchemaRegistry> registry;
  std::optional<RecordEvents> events;
};

TEST_F(FramedRecordsTest, AvroBehindTheFiveBytes) {
  const Row row = framed(frame(7, kAvroBody));
  EXPECT_EQ(row.fate, Fate::live) << row.detail;
  EXPECT_EQ(row.key, "d1");
  EXPECT_EQ(row.first, 21.5);
  EXPECT_EQ(row.id, "partition:3/offset:10412");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(framed(frame(7, kAvroBody)).fate, Fate::live);
  EXPECT_EQ(client->questions, 1);
}

TEST_F(FramedRecordsTest, TheIdInAHeader) {
  const std::string id = frame(7, "");
  EXPECT_EQ(framed(kAvroBody, {{"__value_schema_id", id}}).first, 21.5);
  const std::string guid("\1\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20", 17);
  EXPECT_EQ(framed(kAvroBody, {{"__value_schema_id", guid}}).first, 21.5);
  EXPECT_EQ(framed(guid + std::string(kAvroBody)).first, 21.5);
  EXPECT_EQ(framed(kAvroBody, {{"__value_schema_id", std::string_view("\0\7", 2)}}).detail,
            "a schema's id: expected 5 bytes with its magic byte, got 2");
  EXPECT_EQ(framed(kAvroBody, {{"__value_schema_id", "\5"}}).detail,
            "header __value_schema_id: unknown magic byte, expected 0 or 1 (a schema registry's "
            "framing), got 5");
  EXPECT_EQ(framed(kAvroBody, {{"__value_schema_id", ""}}).fate, Fate::malformed);
}

TEST_F(FramedRecordsTest, JsonSchemaIsJson) {
  EXPECT_EQ(framed(frame(8, kGood)).first, 21.5);
  EXPECT_EQ(framed(frame(8, "")).fate, Fate::malformed);
  EXPECT_EQ(framed(frame(8, R"({"device_id":"d1"})")).fate, Fate::schema);
}

TEST_F(FramedRecordsTest, FramedDataOfACloudEvent) {
  auto headers = binary_headers();
  headers.back().value = "application/avro";
  const Row row = framed(frame(7, kAvroBody), headers);
  EXPECT_EQ(row.fate, Fate::live) << row.detail;
  EXPECT_EQ(row.id, "1234-1234-1234");
  EXPECT_EQ(row.first, 21.5);
  const std::string event = R"({"specversion":"1.0","type":"t","id":"1","source":"/my","data":)" +
                            std::string(kGood) + "}";
  EXPECT_EQ(framed(frame(8, event), {{"content-type", "application/cloudevents+json"}}).id, "1");
}

TEST_F(FramedRecordsTest, WhatCannotBeReadIsRejectedByName) {
  const auto detail = [&](std::string_view value) {
    const Row row = framed(value);
    EXPECT_EQ(row.fate, Fate::malformed);
    return row.detail;
  };
  EXPECT_EQ(detail(frame(9, "x")),
            "schema 9 is a Protobuf schema, which is not supported: send Avro or JSON");
  EXPECT_EQ(detail(frame(10, "x")),
            "schema 10 is of type XML, which is not supported: send Avro or JSON");
  EXPECT_EQ(detail(frame(11, "x")), R"(schema 11: Avro schema: unknown type "strin")");
  EXPECT_EQ(detail(frame(12, "x")), "schema 12 is not in the schema registry");
  EXPECT_EQ(detail(frame(7, kAvroBody.substr(1))),
            "schema 7: Avro, at byte 1: 50 bytes expected, 9 left");
  EXPECT_EQ(detail(std::string("\0\0\7", 3)),
            "a schema's id: expected 5 bytes with its magic byte, got 3");
  EXPECT_EQ(detail("\2{}"),
            "unknown magic byte, expected 0 or 1 (a schema registry's framing) or JSON, got 2");
}

TEST_F(FramedRecordsTest, AnUnknownIdIsAskedForAgainLater) {
  EXPECT_EQ(framed(frame(12, kAvroBody)).fate, Fate::malformed);
  EXPECT_EQ(framed(frame(12, kAvroBody)).fate, Fate::malformed);
  EXPECT_EQ(client->questions, 1);
  client->answers["/schemas/ids/12"] = kAvroAnswer;
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(framed(frame(12, kAvroBody)).fate, Fate::live);
  EXPECT_EQ(client->questions, 2);
}

TEST_F(FramedRecordsTest, AYoungRecordWaitsForItsSchema) {
  const std::string value = frame(12, kAvroBody);
  const Record record = record_of(value);
  std::string message;
  const auto after = [&](std::chrono::nanoseconds age) {
    clock.set_wall(record.timestamp + age);
    Batch batch;
    reset(batch, schema);
    const auto done = events->append(record, batch);
    if (done) return to_string(batch.fate[0]);
    EXPECT_EQ(done.error().code, ErrorCode::unavailable);
    EXPECT_EQ(batch.rows(), 0U);
    return std::string_view(message = done.error().message);
  };
  const std::string_view waits =
      "schema 12 is not in the schema registry; the record of partition 3, offset 10412 waits for "
      "it until it is 10 s old";
  const std::chrono::seconds limit(10);
  const std::chrono::milliseconds little(1);
  // A producer's clock may be ahead, but what lies in the future is not waited for.
  EXPECT_EQ(after(-limit), to_string(Fate::malformed));
  EXPECT_EQ(after(little - limit), waits);
  EXPECT_EQ(after(limit - little), waits);
  EXPECT_EQ(after(limit), to_string(Fate::malformed));
  EXPECT_EQ(after(std::chrono::hours(9)), to_string(Fate::malformed));
  client->answers["/schemas/ids/12"] = kAvroAnswer;
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(after(little), to_string(Fate::live));
}

TEST_F(FramedRecordsTest, WithoutTheRegistryNothingIsAppendedAndNothingLost) {
  client->there = false;
  client->answers.clear();
  Batch batch;
  reset(batch, schema);
  const std::string value = frame(7, kAvroBody);
  const Record record = record_of(value);
  const auto failed = events->append(record, batch);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
  EXPECT_EQ(failed.error().message,
            "schema registry http://registry:8081/schemas/ids/7: connection refused");
  EXPECT_EQ(batch.rows(), 0U);
  // What needs no registry goes on.
  ASSERT_TRUE(events->append(record_of(kGood), batch));
  client->answers["/schemas/ids/7"] = kAvroAnswer;
  clock.advance(std::chrono::milliseconds(100));
  ASSERT_TRUE(events->append(record, batch));
  EXPECT_EQ(batch.rows(), 2U);
  EXPECT_EQ(batch.fate[1], Fate::live);
}

TEST_F(FramedRecordsTest, ALittleAvroIsNotMuchJson) {
  schema.event_bytes_max = 1000;
  client->answers["/schemas/ids/13"] = R"({"schema":"{\"type\":\"array\",\"items\":\"null\"}"})";
  const Row row =
      framed(frame(13, std::string_view("\376\377\377\377\377\377\377\377\377\1\0", 11)));
  EXPECT_EQ(row.fate, Fate::too_large);
  EXPECT_EQ(row.detail,
            "schema 13: expected at most 1000 bytes of JSON, got more from 11 bytes of Avro");
}

TEST_F(FramedRecordsTest, RandomFramesBecomeRows) {
  Random random(99);
  for (int round = 0; round < 20'000; ++round) {
    std::string value = frame(static_cast<char>(7 + random.below(6)), kAvroBody);
    value[4 + random.below(value.size() - 4)] = static_cast<char>(random.below(256));
    value.resize(value.size() - random.below(4));
    const Row row = framed(value);
    EXPECT_EQ(row.fate == Fate::live, row.detail.empty());
  }
  EXPECT_LT(client->questions, 300);
}

TEST_F(RecordEventsTest, RowsOfOneBatchDoNotMindEachOther) {
  RecordEvents events(schema, {.pipeline = "p", .topic = "t"});
  Batch batch;
  reset(batch, schema);
  auto headers = binary_headers();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(events.append(record_of(kGood), batch));
    ASSERT_TRUE(events.append(record_of(kGood, headers), batch));
    ASSERT_TRUE(events.append(record_of("[", headers), batch));
  }
  ASSERT_EQ(batch.rows(), 9U);
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(batch.fate[i], i % 3 == 2 ? Fate::malformed : Fate::live);
    EXPECT_EQ(batch.id[i], i % 3 == 0 ? "partition:3/offset:10412" : "1234-1234-1234");
  }
}

/// Whatever stands in a record, there is one row, twice the same, and its texts are UTF-8.
void expect_a_row(const Schema& schema, const Record& record) {
  std::array<Row, 2> rows;
  for (Row& row : rows) {
    RecordEvents events(schema, {.pipeline = "p", .topic = "t"});
    Batch batch;
    reset(batch, schema);
    ASSERT_TRUE(events.append(record, batch));
    ASSERT_EQ(batch.rows(), 1U);
    row = row_of(batch, 0);
    EXPECT_TRUE(http::is_utf8(row.detail));
    EXPECT_TRUE(http::is_utf8(row.id) && http::is_utf8(row.source) && http::is_utf8(row.key));
    EXPECT_EQ(row.fate == Fate::live, row.detail.empty());
  }
  EXPECT_EQ(rows[0].fate, rows[1].fate);
  EXPECT_EQ(rows[0].detail, rows[1].detail);
}

TEST_F(RecordEventsTest, RandomBytesBecomeRows) {
  Random random(4711);
  const std::vector<std::string> names{"ce_id",       "ce_specversion", "ce_x",      "content-type",
                                       "traceparent", "ce_traceparent", "ce_source", "\xff"};
  const auto bytes = [&] {
    std::string out(random.below(40), '\0');
    for (char& c : out) c = static_cast<char>(random.below(256));
    return out;
  };
  for (int round = 0; round < 20'000; ++round) {
    schema.key = {round % 2 == 0 ? FieldSource::Kind::attribute : FieldSource::Kind::payload,
                  "key"};
    std::vector<std::string> texts;
    std::vector<RecordHeader> headers;
    for (std::size_t i = random.below(6); i > 0; --i) texts.push_back(bytes());
    for (const std::string& text : texts) {
      headers.push_back({names[random.below(names.size())], text});
    }
    const std::string value = bytes(), key = bytes();
    Record record = record_of(value, headers);
    record.key = key;
    expect_a_row(schema, record);
    // One byte of a good record.
    std::string changed(kGood);
    changed[random.below(changed.size())] = static_cast<char>(random.below(256));
    expect_a_row(schema, record_of(changed, headers));
  }
}

TEST_F(RecordEventsTest, NaughtyStringsAreTextLikeAnyOther) {
  const std::string blns = read_whole(shared_folder() / "conformance" / "strings" / "blns.json");
  if (blns.empty()) GTEST_SKIP() << "SKIPPED: no blns.json; set OUZEL_SHARED to its folder";
  schema.key = {FieldSource::Kind::attribute, "key"};
  std::size_t count = 0;
  for (std::size_t at = 0; at < blns.size(); ++count) {
    const std::size_t end = std::min(blns.find('\n', at), blns.size());
    const std::string_view line = std::string_view(blns).substr(at, end - at);
    at = end + 1;
    auto headers = binary_headers();
    headers[1].value = line;
    Record record = record_of(kGood, headers);
    record.key = line;
    expect_a_row(schema, record);
    record.headers = {};
    const Row row = read(record);
    EXPECT_EQ(row.key, line.empty() ? "" : std::string(line));
    if (line.empty()) continue;
    auto named = binary_headers();
    schema.key = {FieldSource::Kind::attribute, "id"};
    named[1].value = line;
    EXPECT_EQ(read(kGood, named).id, line);
    schema.key = {FieldSource::Kind::attribute, "key"};
  }
  EXPECT_GT(count, 500U);
}

}  // namespace
}  // namespace ouzel
