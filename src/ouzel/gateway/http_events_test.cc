#include "ouzel/gateway/http_events.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

#include "ouzel/base/random.h"
#include "ouzel/decode/event_record.h"
#include "ouzel/gateway/binary_event.h"
#include "ouzel/gateway/event_reply.h"
#include "ouzel/http/client.h"
#include "ouzel/http/server.h"

namespace ouzel {
namespace {

/// Accepts what it is given, knows duplicates of everything, and can be told to refuse.
class FakeDoor final : public Door {
 public:
  DoorAnswer admit(PartitionId partition, DoorRequest request) override {
    ++calls;
    if (unavailable.contains(partition)) {
      return {.unavailable = "the disk is full", .overloaded = overloaded};
    }
    DoorAnswer out;
    ByteReader reader(request.records);
    for (std::size_t row = 0; row < request.batch.rows(); ++row) {
      const auto record = read_record(reader);
      EXPECT_TRUE(record);
      EXPECT_EQ(request.record_end[row], request.records.size() - reader.left());
      if (seen.insert(to_string(request.batch.identity[row])).second) {
        ++out.accepted;
        ids.emplace_back(request.batch.id[row]);
        records.emplace_back(record->bytes);
        sources.emplace_back(request.batch.source[row]);
        traces.emplace_back(request.batch.trace[row]);
        keys[partition].emplace_back(request.batch.key[row]);
      } else {
        ++out.duplicates;
      }
    }
    EXPECT_EQ(reader.left(), 0U);
    out.wait_for = AppendNumber(calls);
    return out;
  }

  std::set<PartitionId> unavailable;
  bool overloaded = false;
  std::uint64_t calls = 0;
  std::set<std::string> seen;
  std::vector<std::string> ids, sources, traces, records;
  std::map<PartitionId, std::vector<std::string>> keys;
};

/// Durable at once, never, or with a failure.
class FakeLog final : public Log {
 public:
  AppendNumber append(FrameDraft) override { return {}; }
  void flush() override { ++flushes; }
  void when_durable(AppendNumber number, DurableCallback callback) override {
    waited_for = number;
    callback(failure);
  }
  bool has_room(std::uint64_t, std::string*) override { return true; }
  LogPosition durable_end() const override { return {}; }
  LogPosition oldest() const override { return {}; }
  std::unique_ptr<LogReader> read_from(LogPosition) override { return nullptr; }
  Result<LogPosition> find(Topic, PartitionId, Offset) override { return LogPosition{}; }
  Result<LogPosition> find(WallTime) override { return LogPosition{}; }

  std::optional<Error> failure;
  AppendNumber waited_for{};
  int flushes = 0;
};

struct Sink final : http::ResponseSink {
  void respond(http::Response given) override { response = std::move(given); }
  http::Response response;
};

class HttpEventsTest : public testing::Test {
 protected:
  HttpEventsTest() {
    schema_.key = {.kind = FieldSource::Kind::payload, .name = "device"};
    schema_.fields = {{.name = "device", .type = FieldType::string}, {.name = "t"}};
    schema_.event_bytes_max = 1000;
    events_ = std::make_unique<HttpEvents>(
        schema_, door_, log_,
        HttpEventsOptions{
            .pipeline = "line", .partitions = 4, .seed = 7, .ready = [this] { return ready_; }});
    events_->add_routes(router_);
  }

  http::Response send(std::string_view type, std::string_view body,
                      const http::HeaderList& more = {}, http::Method method = http::Method::post) {
    http::Headers headers;
    if (!type.empty()) headers.add("Content-Type", type);
    for (const auto& [name, value] : more) headers.add(name, value);
    std::string padded(body);
    padded.append(http::kBodyPadding, '\0');
    const auto sink = std::make_shared<Sink>();
    const auto match = router_.find(method, path_);
    EXPECT_NE(match.route, nullptr);
    match.route->handler({.method = method,
                          .path = "/events",
                          .query = {},
                          .body = std::string_view(padded).substr(0, body.size()),
                          .headers = &headers},
                         http::Responder(sink));
    return sink->response;
  }
  static std::string payload(int device) {
    return R"({"device":"d)" + std::to_string(device) + R"(","t":1.5})";
  }
  static std::string cloud_event(std::string_view id, int device) {
    return R"({"specversion":"1.0","type":"t","source":"/s","id":")" + std::string(id) +
           R"(","data":)" + payload(device) + "}";
  }

  Schema schema_;
  FakeDoor door_;
  FakeLog log_;
  bool ready_ = true;
  std::string path_ = "/events";
  std::unique_ptr<HttpEvents> events_;
  http::Router router_;
};

http::HeaderList binary(std::string_view id, const http::HeaderList& more = {}) {
  http::HeaderList out = {
      {"ce-specversion", "1.0"}, {"CE-Type", "t"}, {"ce-source", "/s"}, {"Ce-Id", std::string(id)}};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

constexpr std::string_view kLines = "application/x-ndjson";
constexpr std::string_view kPayload = "application/json";
constexpr std::string_view kStructured = "application/cloudevents+json; charset=UTF-8";
constexpr std::string_view kBatch = "application/cloudevents-batch+json";

TEST_F(HttpEventsTest, TakesAPayload) {
  const auto got =
      send(kPayload, payload(1),
           {{"Idempotency-Key", "\"k1\""},
            {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}});
  EXPECT_EQ(got.status, 202);
  EXPECT_EQ(got.body, "{\"accepted\":1,\"refused\":[],\"duplicates\":0}\n");
  EXPECT_EQ(door_.ids, std::vector<std::string>{"k1"});
  EXPECT_EQ(door_.sources, std::vector<std::string>{"/ouzel/line/http"});
  EXPECT_EQ(door_.traces, std::vector<std::string>{"4bf92f3577b34da6a3ce929d0e0e4736"});
  EXPECT_EQ(log_.flushes, 0);
}

TEST_F(HttpEventsTest, TakesLinesOfBothKinds) {
  const std::string body = payload(1) + "\n\n" + cloud_event("x", 2) + "\r\n" + payload(3);
  EXPECT_EQ(send(kLines, body, {{"Idempotency-Key", "k"}}).status, 202);
  EXPECT_EQ(std::set<std::string>(door_.ids.begin(), door_.ids.end()),
            (std::set<std::string>{"k/0", "x", "k/3"}));
  for (const auto& [partition, keys] : door_.keys) {
    for (const std::string& key : keys) EXPECT_EQ(partition_of(key, 4), partition);
  }
}

TEST_F(HttpEventsTest, FindsARepeatedRequest) {
  const std::string body = payload(1) + "\n" + payload(2) + "\n";
  send(kLines, body, {{"Idempotency-Key", "k"}});
  const auto got = send(kLines, body, {{"Idempotency-Key", "k"}});
  EXPECT_EQ(got.status, 202);
  EXPECT_EQ(got.body, "{\"accepted\":0,\"refused\":[],\"duplicates\":2}\n");
  EXPECT_EQ(log_.flushes, 1);  // No lane would wake the writer.
}

TEST_F(HttpEventsTest, GeneratesIdsThatDiffer) {
  std::string body;
  for (int i = 0; i < 100; ++i) body += payload(i) + "\n";
  EXPECT_EQ(send(kLines, body).status, 202);
  EXPECT_EQ(send(kLines, body).status, 202);
  EXPECT_EQ(std::set<std::string>(door_.ids.begin(), door_.ids.end()).size(), 200U);
  EXPECT_EQ(door_.ids[0].size(), 32U);
}

TEST_F(HttpEventsTest, TakesStructuredAndBatched) {
  EXPECT_EQ(send(kStructured, cloud_event("a", 1)).status, 202);
  EXPECT_EQ(send(kBatch, "[" + cloud_event("b", 1) + " , " + cloud_event("c", 2) + "]").status,
            202);
  EXPECT_EQ(door_.ids.size(), 3U);
  const auto cut = send(kBatch, "[" + cloud_event("d", 1) + "," + cloud_event("e", 2));
  EXPECT_EQ(cut.status, 202);
  EXPECT_NE(cut.body.find("\"reason\":\"malformed\""), std::string::npos);
  EXPECT_EQ(send(kBatch, cloud_event("f", 1)).status, 400);
}

TEST_F(HttpEventsTest, TakesNothingWell) {
  for (const std::string_view body : {"[]", " [ ] "}) {
    const auto got = send(kBatch, body);
    EXPECT_EQ(got.status, 202) << body;
    EXPECT_EQ(got.body, "{\"accepted\":0,\"refused\":[],\"duplicates\":0}\n");
  }
  EXPECT_EQ(send(kLines, "").status, 202);
  EXPECT_EQ(send(kLines, "\n \r\n").status, 202);
  EXPECT_EQ(send(kBatch, "").status, 400);  // No array at all.
  EXPECT_EQ(send(kPayload, "").status, 400);
  EXPECT_EQ(send(kStructured, "").status, 400);
}

TEST_F(HttpEventsTest, SaysWhichEventIsRefusedAndWhy) {
  const std::string body = payload(1) + "\n{\"t\":1}\nnonsense\n{\"device\":\"" +
                           std::string(2000, 'x') + "\"}\n" + payload(2) +
                           "\n{\"specversion\":\"1.0\",\"device\":\"d\"}\n";
  const auto got = send(kLines, body);
  EXPECT_EQ(got.status, 202);
  EXPECT_TRUE(
      got.body.starts_with("{\"accepted\":2,\"refused\":[{\"index\":1,"
                           "\"reason\":\"no_key\","))
      << got.body;
  for (const char* part :
       {"{\"index\":2,\"reason\":\"malformed\",", "{\"index\":3,\"reason\":\"too_large\",",
        "{\"index\":5,\"reason\":\"envelope\","}) {
    EXPECT_NE(got.body.find(part), std::string::npos) << part << got.body;
  }
  EXPECT_EQ(got.body.find("retry"), std::string::npos);
  EXPECT_EQ(events_->counters().received, 6U);
  EXPECT_EQ(events_->counters().refused[static_cast<std::size_t>(Fate::no_key)], 1U);
  EXPECT_EQ(send(kPayload, "{").status, 400);
}

TEST_F(HttpEventsTest, ListsEveryRefusalAndExplainsTheFirst) {
  std::string body;
  for (int i = 0; i < 2500; ++i) body += "{}\n";
  const auto got = send(kLines, body);
  EXPECT_EQ(got.status, 400);
  const auto text = [&](int index, const char* detail) {
    return "{\"index\":" + std::to_string(index) + ",\"reason\":\"no_key\",\"detail\":\"" + detail;
  };
  EXPECT_NE(got.body.find(text(999, "")), std::string::npos);
  EXPECT_EQ(got.body.find(text(999, "\"")), std::string::npos);
  EXPECT_NE(got.body.find(text(1000, "\"},")), std::string::npos);
  EXPECT_NE(got.body.find(text(2499, "\"}],")), std::string::npos);
}

TEST_F(HttpEventsTest, ListsAllThatADoorRefuses) {
  std::string body;
  for (int i = 0; i < 4000; ++i) body += payload(i) + "\n";
  for (std::uint16_t i = 0; i < 8; ++i) door_.unavailable.insert(PartitionId(i));
  const auto got = send(kLines, body);
  EXPECT_EQ(got.status, 503);
  std::size_t listed = 0;
  for (std::size_t at = 0; (at = got.body.find("\"retry\":true", at + 1)) != std::string::npos;) {
    ++listed;
  }
  EXPECT_EQ(listed, 4000U);
}

TEST_F(HttpEventsTest, RefusesARequestOfTooManyEvents) {
  const std::size_t most = (16 << 20) / 64;
  std::string body;
  for (std::size_t i = 0; i < most; ++i) body += "1\n";
  EXPECT_EQ(send(kLines, body).status, 400);
  const auto got = send(kLines, payload(1) + "\n" + body);
  EXPECT_EQ(got.status, 413);
  EXPECT_NE(got.body.find("more than 262144 events"), std::string::npos) << got.body;
  // Nothing of it is left for the next.
  EXPECT_EQ(send(kLines, payload(2)).body, "{\"accepted\":1,\"refused\":[],\"duplicates\":0}\n");
}

TEST_F(HttpEventsTest, RefusesAPartitionAsAWhole) {
  std::string body;
  for (int i = 0; i < 40; ++i) body += payload(i) + "\n";
  door_.unavailable = {PartitionId(2)};
  const auto got = send(kLines, body, {{"Idempotency-Key", "k"}});
  EXPECT_EQ(got.status, 202);
  const EventReply reply = read_event_reply(got.status, got.body);
  EXPECT_TRUE(reply.retry);
  EXPECT_LT(reply.accepted, 40U);
  door_.unavailable.clear();
  const EventReply again =
      read_event_reply(202, send(kLines, body, {{"Idempotency-Key", "k"}}).body);
  EXPECT_EQ(again.accepted, 40 - reply.accepted);
  EXPECT_EQ(again.duplicates, reply.accepted);
}

TEST_F(HttpEventsTest, AsksToTryAgainWhenNothingGotIn) {
  for (std::uint16_t i = 0; i < 4; ++i) door_.unavailable.insert(PartitionId(i));
  auto got = send(kPayload, payload(1));
  EXPECT_EQ(got.status, 503);
  ASSERT_FALSE(got.headers.empty());
  EXPECT_EQ(got.headers[0].first, "Retry-After");
  EXPECT_NE(got.body.find("\"reason\":\"unavailable\",\"detail\":\"the disk is full\","
                          "\"retry\":true}"),
            std::string::npos);
  door_.overloaded = true;
  EXPECT_EQ(send(kPayload, payload(1)).status, 429);
}

TEST_F(HttpEventsTest, AcknowledgesNothingThatIsNotDurable) {
  log_.failure = Error{ErrorCode::unavailable, "the log has failed"};
  const auto got = send(kLines, payload(1) + "\nx\n" + payload(2));
  EXPECT_EQ(got.status, 503);
  EXPECT_TRUE(
      got.body.starts_with("{\"accepted\":0,\"refused\":[{\"index\":0,"
                           "\"reason\":\"unavailable\""))
      << got.body;
  EXPECT_NE(got.body.find("{\"index\":1,\"reason\":\"malformed\""), std::string::npos);
  EXPECT_NE(got.body.find("{\"index\":2,\"reason\":\"unavailable\""), std::string::npos);
}

TEST_F(HttpEventsTest, KnowsItsContentTypes) {
  for (const std::string_view type :
       {"", "text/plain", "application/cloudevents", "application/cloudevents+avro",
        "application/xml", "application/json; charset=latin1"}) {
    EXPECT_EQ(send(type, payload(1)).status, 415) << type;
  }
  const auto packed = send(kPayload, payload(1), {{"Content-Encoding", "gzip"}});
  EXPECT_EQ(packed.status, 415);
  EXPECT_EQ(packed.headers[0],
            (std::pair<std::string, std::string>("Accept-Encoding", "identity")));
  EXPECT_EQ(send(kPayload, payload(1), {{"Content-Encoding", "identity"}}).status, 202);
  EXPECT_EQ(send("Application/JSON ; Charset=utf-8", payload(1)).status, 202);
  EXPECT_EQ(send("application/jsonl", payload(1)).status, 202);
  EXPECT_EQ(send(kPayload, payload(1), {{"Idempotency-Key", "a b"}}).status, 400);
}

TEST_F(HttpEventsTest, TakesBinaryMode) {
  const auto got = send(kPayload, payload(1), binary("b%201", {{"ce-plant", "\"seven\""}}));
  EXPECT_EQ(got.status, 202) << got.body;
  EXPECT_EQ(door_.ids, std::vector<std::string>{"b 1"});
  EXPECT_EQ(door_.records[0],
            R"({"specversion":"1.0","type":"t","source":"/s","id":"b 1","plant":"seven",)"
            R"("datacontenttype":"application/json","data":{"device":"d1","t":1.5}})");
  // The same event, structured: one identity, so a duplicate.
  const auto again = send(kStructured, cloud_event("b 1", 1));
  EXPECT_EQ(again.body, "{\"accepted\":0,\"refused\":[],\"duplicates\":1}\n");
  path_ = "/";
  EXPECT_EQ(send("", payload(2), binary("b2")).status, 202);  // Without a type it is JSON.
  EXPECT_EQ(door_.records[1].find("datacontenttype"), std::string::npos);
}

TEST_F(HttpEventsTest, TellsTheModesApart) {
  EXPECT_EQ(send(kStructured, cloud_event("a", 1), binary("x")).status, 202);
  EXPECT_EQ(send(kBatch, "[" + cloud_event("b", 1) + "]", binary("y")).status, 202);
  EXPECT_EQ(send(kLines, "", binary("z")).status, 400);  // An event without its data has no key.
  EXPECT_EQ(door_.ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(send(kPayload, payload(1), {{"ce-id", "c"}, {"ce-source", "/s"}}).status, 400);
  EXPECT_EQ(send(kPayload, payload(1), {{"ce-plant", "seven"}}).status, 202);  // A payload.
  EXPECT_EQ(send("application/cloudevents+xml", "", binary("x")).status, 415);
  EXPECT_EQ(send("application/json; charset=latin1", payload(1), binary("x")).status, 415);
}

TEST_F(HttpEventsTest, LetsNoBodyBecomeAttributes) {
  for (const std::string& body :
       {payload(1) + R"(,"subject":"s")", payload(1) + R"(},"x":{"y":1)",
        std::string(R"({"device":"d1")"), std::string(R"("}","x":"y)"), std::string("}{"),
        std::string(" "), payload(1) + payload(2), std::string(R"({"device":"d1","t":tru})"),
        std::string(R"("\")")}) {
    const auto got = send(kPayload, body, binary("x"));
    EXPECT_EQ(got.status, 400) << body;
    EXPECT_NE(got.body.find("\"reason\":\"malformed\""), std::string::npos) << body << got.body;
  }
  const auto got = send(kPayload, R"({"device":"d1","t":tru})", binary("x"));
  EXPECT_NE(got.body.find("near byte 19"), std::string::npos) << got.body;
  EXPECT_TRUE(door_.ids.empty());
}

/// Whatever the body: the event around it is malformed just when the body alone is.
TEST_F(HttpEventsTest, ABodyIsJudgedAsIfItStoodAlone) {
  constexpr std::array<std::string_view, 16> kTokens = {
      "{",     "}",           "[", "]", ",",    ":", "\"",       "\\",
      "\"a\"", "\"subject\"", "1", "-", "true", " ", "\"\\\"\"", "{\"a\":1}"};
  Random random(11);
  http::Headers headers;
  for (const auto& [name, value] : binary("x")) headers.add(name, value);
  Decoder decoder(schema_);
  std::size_t good = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string body;
    for (std::uint64_t left = 1 + random.below(9); left > 0; --left) {
      body += kTokens[random.below(kTokens.size())];
    }
    const std::size_t size = body.size();
    body.append(kDecodePadding, '\0');
    const std::string_view alone = std::string_view(body).substr(0, size);
    const bool malformed = decoder.decode({}, alone).fate == Fate::malformed;
    std::string made;
    const auto fault = write_structured(made, headers, alone);
    const std::size_t made_size = made.size();
    made.append(kDecodePadding, '\0');
    const Fate fate = fault ? fault->fate
                            : decoder
                                  .decode({.form = EventForm::structured},
                                          std::string_view(made).substr(0, made_size))
                                  .fate;
    ASSERT_EQ(fate == Fate::malformed, malformed) << alone;
    if (!malformed) {
      ASSERT_NE(fate, Fate::envelope) << alone;
      ++good;
    }
  }
  EXPECT_GT(good, 3'000U);
}

TEST_F(HttpEventsTest, RefusesABrokenBinaryEnvelope) {
  const std::vector<http::HeaderList> cases = {
      binary("x", {{"ce-datacontenttype", "application/json"}}),
      binary("x", {{"ce-data", "1"}}),
      binary("x", {{"ce-id", "y"}}),
      binary("x", {{"ce-under_score", "y"}}),
      binary("x", {{"ce-time", "yesterday"}}),
      binary("100%"),
      binary("%C0%A0"),
      binary("\xff"),
      binary(""),
      {{"ce-specversion", "0.3"}, {"ce-id", "x"}, {"ce-source", "/s"}, {"ce-type", "t"}}};
  for (const http::HeaderList& headers : cases) {
    const auto got = send(kPayload, payload(1), headers);
    EXPECT_EQ(got.status, 400) << headers.back().first;
    EXPECT_NE(got.body.find("\"reason\":\"envelope\""), std::string::npos) << got.body;
  }
}

TEST_F(HttpEventsTest, KeepsDataThatIsNotJson) {
  schema_.key = {.kind = FieldSource::Kind::attribute, .name = "subject"};
  HttpEvents events(schema_, door_, log_, {.pipeline = "line", .partitions = 4});
  router_ = {};
  events.add_routes(router_);
  EXPECT_EQ(send("text/plain", "say \"hi\"\n", binary("a", {{"ce-subject", "k"}})).status, 202);
  EXPECT_EQ(send("image/png", "\x89PNG", binary("b", {{"ce-subject", "k"}})).status, 202);
  EXPECT_EQ(send(kPayload, "", binary("c", {{"ce-subject", "k"}})).status, 202);
  EXPECT_NE(door_.records[0].find(R"("datacontenttype":"text/plain","data":"say \"hi\"\n"})"),
            std::string::npos);
  EXPECT_NE(door_.records[1].find(R"("data_base64":"iVBORw=="})"), std::string::npos);
  EXPECT_EQ(door_.records[2].find("\"data\""), std::string::npos);
}

TEST_F(HttpEventsTest, GivesTheRequestsTraceToEventsWithoutOne) {
  const std::string outer = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const std::string own = "00-0123456789abcdef0123456789abcdef-00f067aa0ba902b7-01";
  send(kPayload, payload(1), binary("a", {{"traceparent", outer}}));
  send(kPayload, payload(1), binary("b", {{"traceparent", outer}, {"ce-traceparent", own}}));
  send(kStructured, cloud_event("c", 1), {{"traceparent", outer}});
  EXPECT_EQ(door_.traces, (std::vector<std::string>{outer.substr(3, 32), own.substr(3, 32),
                                                    outer.substr(3, 32)}));
}

TEST(BinaryEvent, TakesAttributesApart) {
  for (const auto& [field, text] : std::vector<std::pair<std::string, std::string>>{
           {"Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"},
           {"%e2%82%ac", "€"},
           {"%41%2541", "A%41"},
           {R"("a \"b\" %22c%22")", R"(a "b" "c")"},
           {"plain text", "plain text"},
           {"€", "€"},
           {"\"", "\""}}) {
    const auto got = decode_attribute(field);
    ASSERT_TRUE(got) << field;
    EXPECT_EQ(*got, text);
    EXPECT_EQ(decode_attribute(encode_attribute(text)), text);
  }
  EXPECT_EQ(encode_attribute("Euro € 😀"), "Euro%20%E2%82%AC%20%F0%9F%98%80");
  for (const char* field : {"%", "%4", "%zz", "%C0%A0", "%ED%A0%80", "a%"}) {
    EXPECT_FALSE(decode_attribute(field)) << field;
  }
}

/// What binary mode costs beside the same event structured: run with
/// --gtest_also_run_disabled_tests. Best of 20 rounds.
TEST_F(HttpEventsTest, DISABLED_SpeedOfBinaryMode) {
  const SystemClock clock;
  const auto time = [&](const char* what, const auto& work) {
    constexpr int kEvents = 10'000;
    double best = 1e9;
    for (int round = 0; round < 20; ++round) {
      const SteadyTime begin = clock.steady();
      for (int i = 0; i < kEvents; ++i) work();
      best = std::min(best, static_cast<double>((clock.steady() - begin).count()) / kEvents);
    }
    std::printf("%s: %.0f ns an event\n", what, best);
  };
  http::Headers headers;
  headers.add("Host", "127.0.0.1:8080");
  headers.add("Content-Type", "application/json");
  headers.add("Content-Length", "200");
  for (const auto& [name, value] :
       binary("9a3c-77", {{"ce-time", "2026-03-01T08:00:00Z"}, {"ce-subject", "cell%207"}})) {
    headers.add(name, value);
  }
  const std::string body =
      R"({"device":"d1","t":1.5,"note":")" + std::string(200 - 35, 'n') + "\"}";
  std::string made;
  time("write_structured", [&] {
    made.clear();
    (void)write_structured(made, headers, body);
  });
  std::printf("body %zu bytes, event %zu bytes\n", body.size(), made.size());
  made.append(kDecodePadding, '\0');
  Decoder decoder(schema_);
  const std::string_view event = std::string_view(made).substr(0, made.size() - kDecodePadding);
  time("decode of what it wrote",
       [&] { (void)decoder.decode({.form = EventForm::structured}, event); });
}

TEST_F(HttpEventsTest, IsNotReadyAtFirst) {
  ready_ = false;
  const auto got = send(kPayload, payload(1));
  EXPECT_EQ(got.status, 503);
  EXPECT_EQ(got.headers[0], (std::pair<std::string, std::string>("Retry-After", "1")));
}

TEST_F(HttpEventsTest, AnswersTheWebhookHandshake) {
  const auto got =
      send("", "", {{"WebHook-Request-Origin", "events.example"}}, http::Method::options);
  EXPECT_EQ(got.status, 200);
  const http::HeaderList wanted = {{"Allow", "POST, OPTIONS"},
                                   {"WebHook-Allowed-Origin", "events.example"},
                                   {"WebHook-Allowed-Rate", "*"}};
  EXPECT_EQ(got.headers, wanted);
}

TEST_F(HttpEventsTest, WorksOverASocket) {
  const SystemClock clock;
  auto server = http::Server::start({}, std::move(router_), clock);
  ASSERT_TRUE(server);
  http::Client client({.host = "127.0.0.1", .port = (*server)->port()});
  std::string body;
  for (int i = 0; i < 5000; ++i) body += cloud_event("e" + std::to_string(i), i % 50) + "\n";
  for (int i = 0; i < 3; ++i) {
    const auto got = client.post("/events", kLines, body);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->status, 202);
    const EventReply reply = read_event_reply(got->status, got->body);
    EXPECT_EQ(reply.accepted + reply.duplicates, 5000U);
  }
  EXPECT_EQ(client.post("/events", kLines, std::string((16 << 20) + 1, ' '))->status, 413);
}

}  // namespace
}  // namespace ouzel
