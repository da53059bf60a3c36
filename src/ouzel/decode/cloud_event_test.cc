#include "ouzel/decode/cloud_event.h"

#include <tuple>
#include <utility>

#include "ouzel/decode/base64.h"
#include "ouzel/decode/decode_fixture.h"

namespace ouzel {
namespace {

using namespace std::string_literals;

constexpr std::string_view kGoodAttributes =
    R"("specversion":"1.0","id":"a81f","source":"/plant/7","type":"reading")";
constexpr std::string_view kGoodData = R"("data":{"device_id":"d","temperature":20})";

std::string event(std::string_view more, std::string_view data = kGoodData) {
  std::string out = "{" + std::string(kGoodAttributes);
  if (!more.empty()) out += "," + std::string(more);
  if (!data.empty()) out += "," + std::string(data);
  return out + "}";
}

TEST(CloudEvent, ReadsAttributesAndData) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const std::string more =
      R"("time":"2026-03-01T08:00:00Z","subject":"s","datacontenttype":"application/json",)"
      R"("dataschema":"https://example.com/s?a=%20","ext1":"x","ext2":-5,"ext3":true,"ext4":null,)"
      R"("traceparent":"00-)" +
      trace + R"(-00f067aa0ba902b7-01")";
  Schema schema = plain_schema();
  for (const bool data_first : {false, true}) {
    const std::string bytes =
        data_first ? "{" + std::string(kGoodData) + "," + event(more, "").substr(1) : event(more);
    const auto row = decode_structured(schema, bytes);
    EXPECT_EQ(row.fate, Fate::live) << row.detail;
    EXPECT_EQ(row.source, "/plant/7");
    EXPECT_EQ(row.id, "a81f");
    EXPECT_EQ(row.key, "d");
    EXPECT_EQ(row.trace, trace);
    EXPECT_EQ(row.number(0), 20);
    EXPECT_EQ(row.time, 1772352000'000'000'000);
  }
  EXPECT_EQ(decode_structured(timed_schema(), event(more)).detail,
            "ts: missing, expected the event's time");
  schema.time = {FieldSource::Kind::attribute, "ext2"};
  EXPECT_EQ(decode_structured(schema, event(more)).time, -5'000'000'000);
  schema.time.name = "ext1";
  EXPECT_EQ(decode_structured(schema, event(more)).fate, Fate::schema);
}

TEST(CloudEvent, AKeyMayBeAnAttribute) {
  Schema schema = plain_schema();
  schema.key.kind = FieldSource::Kind::attribute;
  const std::string more = R"("subject":"su","line":7,"flag":false,"none":null,"long":"")";
  const std::pair<const char*, const char*> cases[] = {
      {"source", "/plant/7"}, {"id", "a81f"}, {"subject", "su"}, {"line", "7"}, {"flag", "false"},
      {"none", ""},           {"long", ""},   {"absent", ""},    {"data", ""}};
  for (const auto& [name, key] : cases) {
    schema.key.name = name;
    const auto row = decode_structured(schema, event(more));
    EXPECT_EQ(row.key, key) << name;
    EXPECT_EQ(row.fate, *key == '\0' ? Fate::no_key : Fate::live) << name << row.detail;
  }
}

TEST(CloudEvent, BrokenRulesAreEnvelope) {
  const std::pair<std::string, const char*> cases[] = {
      {event(R"("id":"b")"), "id: duplicate attribute"},
      {event(R"("ext":1,"ext":1)"), "ext: duplicate attribute"},
      {event(R"("subject":"a","subject":"a")"), "subject: duplicate attribute"},
      {event("", R"("data":{},"data":{})"), "data: duplicate attribute"},
      {event(R"("Ext":1)"), "Ext: expected an attribute name of a-z and 0-9"},
      {event(R"("":1)"), ": expected an attribute name of a-z and 0-9"},
      {event(R"("ext":{})"),
       "ext: expected a string, a boolean or an integer of 32 bits, got an object"},
      {event(R"("ext":1.5)"),
       "ext: expected a string, a boolean or an integer of 32 bits, got 1.5"},
      {event(R"("ext":2147483648)"),
       "ext: expected a string, a boolean or an integer of 32 bits, got 2147483648"},
      {event(R"("subject":5)"), "subject: expected a string, got 5"},
      {event(R"("subject":"")"), "subject: expected a string that is not empty, got \"\""},
      {event(R"("time":"2026-03-01")"),
       "time: expected a time (RFC 3339 with offset), got \"2026-03-01\""},
      {event(R"("time":"1772352000")"),
       "time: expected a time (RFC 3339 with offset), got \"1772352000\""},
      {event(R"("dataschema":"a b")"), "dataschema: expected a URI reference, got \"a b\""},
      {event(R"("data_base64":"e30=")"), "data_base64: expected either data or data_base64"},
      {event("", R"("data_base64":5)"), "data_base64: expected a string"},
      {event("", R"("data_base64":"e30")"), "data_base64: expected base64 with padding (RFC 4648)"},
      {R"({"specversion":"1.0","source":"/s","type":"t"})", "id: missing attribute"},
      {R"({"specversion":"1.0","source":"/s","type":"t","id":null})", "id: missing attribute"},
      {R"({"specversion":"1.0","source":"/s","type":"t","id":""})",
       "id: expected a string that is not empty, got \"\""},
      {R"({"specversion":"1.0","source":"/s","type":"t","id":5})", "id: expected a string, got 5"},
      {R"({"specversion":"1.0","id":"i","type":"t"})", "source: missing attribute"},
      {R"({"specversion":"1.0","id":"i","source":"a b","type":"t"})",
       "source: expected a URI reference, got \"a b\""},
      {R"({"specversion":"1.0","id":"i","source":"%zz","type":"t"})",
       "source: expected a URI reference, got \"%zz\""},
      {R"({"id":"i","source":"s","type":"t"})", "specversion: missing attribute"},
      {R"({"specversion":"0.3","id":"i","source":"s","type":"t"})",
       "specversion: expected \"1.0\", got \"0.3\""},
      {R"({"specversion":1.0,"id":"i","source":"s","type":"t"})",
       "specversion: expected a string, got 1.0"},
      {R"({"specversion":"1.0","id":"i","source":"s"})", "type: missing attribute"},
      {"{}", "id: missing attribute"},
      {"[]", "event: expected an object, got an array"},
      {"5", "event: expected an object, got 5"},
  };
  for (const auto& [bytes, detail] : cases) {
    const auto row = decode_structured(plain_schema(), bytes);
    EXPECT_EQ(to_string(row.fate), "envelope") << bytes;
    EXPECT_EQ(row.detail, detail) << bytes;
    EXPECT_EQ(row.key, "") << bytes;
  }
  std::string many;
  for (int i = 0; i < 65; ++i) many += (i == 0 ? "\"e" : ",\"e") + std::to_string(i) + "\":1";
  EXPECT_EQ(decode_structured(plain_schema(), event(many)).fate, Fate::envelope);
}

TEST(CloudEvent, MalformedGoesFirst) {
  for (const std::string& bytes :
       {event(R"("ext":01)"), event(R"("ext":[1,])"),
        event("", R"("data":{"device_id":1,"x":tru})"), event("", R"("data":[01])"),
        event("") + "x", std::string(R"({"id":5,"x":nul})"), std::string(),
        event("", R"("data":{},"data":{"x":01})"), event("", R"("data_base64":1,"data_base64":01)"),
        event("", R"("data_base64":"eyJhIjowMX0=")"),  // {"a":01}
        event("", R"("data_base64":"/w==")")}) {
    const auto row = decode_structured(plain_schema(), bytes);
    EXPECT_EQ(to_string(row.fate), "malformed") << bytes << row.detail;
  }
}

TEST(CloudEvent, ARefusedEventIsNamedByItsEnvelope) {
  const Envelope made_up{EventForm::structured, "/file", "line-7", "t"};
  for (const char* bytes : {R"({"specversion":"1.0","id":"own","type":"t"})", "{", "{}"}) {
    const auto row = decode_structured(plain_schema(), bytes, made_up);
    EXPECT_EQ(row.source, "/file");
    EXPECT_EQ(row.id, "line-7");
  }
  // An event that lacks an id is not repaired by the envelope; one that has its own keeps it.
  EXPECT_EQ(
      decode_structured(plain_schema(), R"({"specversion":"1.0","source":"s","type":"t"})", made_up)
          .fate,
      Fate::envelope);
  EXPECT_EQ(decode_structured(plain_schema(), event(""), made_up).id, "a81f");
  EXPECT_EQ(decode_structured(plain_schema(), R"({"specversion":"1.0","id":"own","type":"t"})").id,
            "own");
}

TEST(CloudEvent, JudgesThePayload) {
  const std::tuple<std::string, Fate, const char*> cases[] = {
      {event(""), Fate::live, ""},
      {event("", R"("data_base64":"eyJkZXZpY2VfaWQiOiJkIiwidGVtcGVyYXR1cmUiOjIwfQ==")"), Fate::live,
       ""},
      {event("", R"("data":{"device_id":"d","temperature":200})"), Fate::schema,
       "temperature: expected a number at most 150, got 200"},
      {event("", R"("data":{"device_id":"d","temperature":1,"temperature":1})"), Fate::schema,
       "temperature: duplicate field"},
      {event("", R"("data":{"device_id":"d"})"), Fate::schema,
       "temperature: missing, expected a number"},
      {event("", R"("data":"text")"), Fate::no_key, "payload: expected an object, got \"text\""},
      {event("", R"("data":null)"), Fate::no_key, "payload: expected an object, got null"},
      {event("", ""), Fate::no_key, "device_id: missing, expected the event's key"},
      {event("", R"("data_base64":null)"), Fate::no_key,
       "device_id: missing, expected the event's key"},
      {event(R"("datacontenttype":"text/plain")", R"("data":"hello")"), Fate::no_key,
       "payload is not JSON"},
      {event(R"("datacontenttype":"text/plain")"), Fate::no_key, "payload is not JSON"},
      {event(R"("datacontenttype":"application/vnd.x+json; charset=utf-8")"), Fate::live, ""},
  };
  for (const auto& [bytes, fate, detail] : cases) {
    const auto row = decode_structured(plain_schema(), bytes);
    EXPECT_EQ(to_string(row.fate), to_string(fate)) << bytes << row.detail;
    EXPECT_EQ(row.detail, detail) << bytes;
    EXPECT_EQ(row.source, "/plant/7");
    if (fate == Fate::live) {
      EXPECT_EQ(row.number(0), 20);
    }
  }
  // With the key in an attribute, these have a place.
  Schema schema = plain_schema();
  schema.key = {FieldSource::Kind::attribute, "source"};
  for (const char* data : {R"("datacontenttype":"text/plain","data":"hello")", R"("data":5)",
                           R"("datacontenttype":"image/png","data_base64":"/w==")", ""}) {
    const auto row = decode_structured(schema, event("", data));
    EXPECT_EQ(row.fate, Fate::schema) << data;
    EXPECT_EQ(row.key, "/plant/7");
    EXPECT_TRUE(std::isnan(row.number(0)));
  }
}

TEST(CloudEvent, DepthCountsFromTheOutside) {
  Schema schema = plain_schema();
  schema.depth_max = 3;
  const auto with = [](std::string_view x) {
    return event("", R"("data":{"device_id":"d","temperature":1,"x":)" + std::string(x) + "}");
  };
  EXPECT_EQ(decode_structured(schema, with("[]")).fate, Fate::live);
  EXPECT_EQ(decode_structured(schema, with("[[]]")).fate, Fate::malformed);
  schema.depth_max = 1;
  EXPECT_EQ(decode_structured(schema, with("1")).fate, Fate::malformed);
}

TEST(CloudEvent, TracesAreTakenOnlyWhenWellFormed) {
  const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  EXPECT_EQ(trace_of(good), good.substr(3, 32));
  EXPECT_EQ(trace_of("cc" + good.substr(2) + "-more"), good.substr(3, 32));
  for (const std::string& bad :
       {std::string(), good.substr(1), good + "-more", good + "0", "ff" + good.substr(2),
        "00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"s,
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01"s,
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"s,
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"s}) {
    EXPECT_EQ(trace_of(bad), "") << bad;
  }
  Envelope header{EventForm::structured, "", "", "fromheader"};
  EXPECT_EQ(decode_structured(plain_schema(), event(""), header).trace, "fromheader");
  EXPECT_EQ(decode_structured(plain_schema(), event(R"("traceparent":"x")"), header).trace,
            "fromheader");
}

TEST(CloudEvent, Base64) {
  std::string out;
  const std::pair<const char*, std::string> good[] = {
      {"", ""},        {"Zg==", "f"},          {"Zm8=", "fo"},
      {"Zm9v", "foo"}, {"Zm9vYmFy", "foobar"}, {"AP+/", "\x00\xff\xbf"s}};
  for (const auto& [text, bytes] : good) {
    EXPECT_TRUE(decode_base64(text, out)) << text;
    EXPECT_EQ(out, bytes);
  }
  for (const char* bad :
       {"Z", "Zg", "Zg=", "Zm9", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm-_", "=Zg="}) {
    EXPECT_FALSE(decode_base64(bad, out)) << bad;
  }
}

TEST(CloudEvent, MediaTypesAndUris) {
  for (const char* json : {"application/json", "text/json", "Application/JSON; charset=utf-8",
                           "application/cloudevents+json", " application/json "}) {
    EXPECT_TRUE(is_json_media_type(json)) << json;
  }
  for (const char* other : {"", "json", "/json", "+json", "text/plain", "application/jsonx",
                            "application/xml; x=/json", "application/octet-stream"}) {
    EXPECT_FALSE(is_json_media_type(other)) << other;
  }
  for (const char* uri :
       {"/a", "a", "https://h/p?q#f", "urn:uuid:1-2", "1-555-123", "%41", "/ä/b"}) {
    EXPECT_TRUE(is_uri_reference(uri)) << uri;
  }
  for (const char* bad : {"a b", "<a>", "a\n", "%", "%4", "%4g", "a|b", "\"", "\x7f"}) {
    EXPECT_FALSE(is_uri_reference(bad)) << bad;
  }
}

}  // namespace
}  // namespace ouzel
