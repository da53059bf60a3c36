#include "ouzel/decode/decoder.h"

#include <algorithm>
#include <limits>

#include "ouzel/decode/decode_fixture.h"

namespace ouzel {
namespace {

using namespace std::string_literals;

/// `{"device_id":"d","temperature":20,` + more + `}`.
std::string event_with(std::string_view more) {
  return "{\"device_id\":\"d\",\"temperature\":20," + std::string(more) + "}";
}

TEST(Decoder, ReadsEveryType) {
  const auto row = decode_payload(
      timed_schema(),
      R"({"device_id":"press-12","ts":"2026-03-01T08:00:00.120Z","temperature":21.5,)"
      R"("count":-7,"on":true,"mode":"run","name":"ab","extra":{"deep":[1,"x",null]}})");
  EXPECT_EQ(row.fate, Fate::live) << row.detail;
  EXPECT_EQ(row.detail, "");
  EXPECT_EQ(row.key, "press-12");
  EXPECT_EQ(row.source, "/door");
  EXPECT_EQ(row.id, "id-1");
  EXPECT_EQ(row.trace, "tr");
  EXPECT_EQ(row.time, 1772352000'120'000'000);
  EXPECT_EQ(row.number(0), 21.5);
  EXPECT_EQ(row.number(1), -7);
  EXPECT_EQ(row.number(2), 1);
  EXPECT_EQ(row.strings, (std::vector<std::string>{"run", "ab"}));
}

TEST(Decoder, MissingIsNaNOrEmptyWhereAllowed) {
  for (const char* more : {"\"x\":1", "\"count\":null,\"on\":null,\"mode\":null,\"ts\":null"}) {
    const auto row = decode_payload(plain_schema(), event_with(more));
    EXPECT_EQ(row.fate, Fate::live) << row.detail;
    EXPECT_TRUE(std::isnan(row.number(1)));
    EXPECT_TRUE(std::isnan(row.number(2)));
    EXPECT_EQ(row.strings, (std::vector<std::string>{"", ""}));
    EXPECT_EQ(row.time, kNoTime.time_since_epoch().count());
  }
}

struct Bad {
  std::string bytes;
  Fate fate;
  std::string detail;  ///< Empty: not looked at.
};

void expect_bad(const Schema& schema, const std::vector<Bad>& cases) {
  for (const Bad& c : cases) {
    const auto row = decode_payload(schema, c.bytes);
    EXPECT_EQ(to_string(row.fate), to_string(c.fate)) << c.bytes << ": " << row.detail;
    if (!c.detail.empty()) {
      EXPECT_EQ(row.detail, c.detail) << c.bytes;
    }
    EXPECT_NE(row.detail, "") << c.bytes;
    EXPECT_EQ(row.id, "id-1");
    EXPECT_EQ(row.key.empty(), refused(row.fate)) << c.bytes;
  }
}

TEST(Decoder, JudgesNumbers) {
  const auto with = [](std::string_view number) {
    return "{\"device_id\":\"d\",\"temperature\":" + std::string(number) + "}";
  };
  expect_bad(
      plain_schema(),
      {
          {with("151.5"), Fate::schema, "temperature: expected a number at most 150, got 151.5"},
          {with("-40.001"), Fate::schema,
           "temperature: expected a number at least -40, got -40.001"},
          {with("\"hot\""), Fate::schema, "temperature: expected a number, got \"hot\""},
          {with("true"), Fate::schema, "temperature: expected a number, got true"},
          {with("{\"c\":1}"), Fate::schema, "temperature: expected a number, got an object"},
          {with("[1]"), Fate::schema, "temperature: expected a number, got an array"},
          {with("null"), Fate::schema, "temperature: missing, expected a number, got null"},
          {with("1e999"), Fate::schema, "temperature: expected a finite number, got 1e999"},
          {with("-1e999"), Fate::schema, "temperature: expected a finite number, got -1e999"},
          {with("NaN"), Fate::malformed, ""},
          {with("Infinity"), Fate::malformed, ""},
          {with("-Infinity"), Fate::malformed, ""},
          {with("01"), Fate::malformed, ""},
          {"{\"device_id\":\"d\"}", Fate::schema, "temperature: missing, expected a number"},
      });
  for (const char* good : {"150", "-40", "1.5e2", "0", "-0", "1e-400", "20.000000000000000000001",
                           "2000000000000000000000000000000000000000e-38"}) {
    EXPECT_EQ(decode_payload(plain_schema(), with(good)).fate, Fate::live) << good;
  }
  EXPECT_EQ(decode_payload(plain_schema(), with("0.1")).number(0), 0.1);
}

TEST(Decoder, JudgesIntegersAndBooleans) {
  const std::string range = "count: expected an integer within ±2^53, got ";
  expect_bad(
      plain_schema(),
      {
          {event_with("\"count\":1.5"), Fate::schema, range + "1.5"},
          {event_with("\"count\":9007199254740993"), Fate::schema, range + "9007199254740993"},
          {event_with("\"count\":-9007199254740993"), Fate::schema, range + "-9007199254740993"},
          {event_with("\"count\":9007199254740994"), Fate::schema, range + "9007199254740994"},
          {event_with("\"count\":1e300"), Fate::schema, range + "1e300"},
          {event_with("\"count\":\"1\""), Fate::schema, "count: expected an integer, got \"1\""},
          {event_with("\"on\":1"), Fate::schema, "on: expected true or false, got 1"},
          {event_with("\"on\":\"true\""), Fate::schema, "on: expected true or false, got \"true\""},
          {event_with("\"on\":tru"), Fate::malformed, ""},
          {event_with("\"on\":truex"), Fate::malformed, ""},
          {event_with("\"on\":TRUE"), Fate::malformed, ""},
      });
  for (const char* good : {"9007199254740992", "-9007199254740992", "5.0", "5e2", "-0", "0"}) {
    const auto row = decode_payload(plain_schema(), event_with("\"count\":" + std::string(good)));
    EXPECT_EQ(row.fate, Fate::live) << good;
    EXPECT_EQ(row.number(1), std::stod(good));
  }
  EXPECT_EQ(decode_payload(plain_schema(), event_with("\"on\":false")).number(2), 0);
}

TEST(Decoder, JudgesStrings) {
  expect_bad(plain_schema(),
             {
                 {event_with("\"mode\":\"off\""), Fate::schema,
                  "mode: expected one of idle, run, clean, got \"off\""},
                 {event_with("\"mode\":3"), Fate::schema, "mode: expected a string, got 3"},
                 {event_with("\"mode\":\"\""), Fate::schema, ""},
                 {event_with("\"name\":\"a\""), Fate::schema,
                  "name: expected at least 2 characters, got \"a\""},
                 {event_with("\"name\":\"abcde\""), Fate::schema,
                  "name: expected at most 4 characters, got \"abcde\""},
                 {event_with("\"name\":\"aB\""), Fate::schema,
                  "name: expected a match of ^[a-zäöü\\x00]+$, got \"aB\""},
                 {event_with("\"name\":\"a\\x62\""), Fate::malformed, ""},
                 {event_with("\"name\":\"a\x01\""), Fate::malformed, ""},
                 {event_with("\"name\":\"ab\\ud800\""), Fate::malformed, ""},
                 {event_with("\"name\":\"ab\\udc00\""), Fate::malformed, ""},
                 {event_with("\"name\":\"ab\xff\""), Fate::malformed, "not valid UTF-8"},
             });
  // Lengths count code points; escapes are resolved, NUL among them.
  const auto row =
      decode_payload(plain_schema(), event_with(R"("name":"\u00e4ö\u0000b","mode":"r\u0075n")"));
  EXPECT_EQ(row.fate, Fate::live) << row.detail;
  EXPECT_EQ(row.strings, (std::vector<std::string>{"run", std::string("äö\0b", 6)}));
}

TEST(Decoder, FindsDuplicates) {
  expect_bad(
      timed_schema(),
      {
          {event_with("\"temperature\":21"), Fate::schema, "temperature: duplicate field"},
          {event_with("\"device_id\":\"e\""), Fate::schema, "device_id: duplicate field"},
          {event_with("\"device\\u005fid\":\"e\""), Fate::schema, "device_id: duplicate field"},
          {event_with("\"ts\":1,\"ts\":1"), Fate::schema, "ts: duplicate field"},
          {event_with("\"mode\":null,\"mode\":\"run\""), Fate::schema, "mode: duplicate field"},
      });
  EXPECT_EQ(decode_payload(plain_schema(), event_with("\"x\":1,\"x\":2")).fate, Fate::live);
  // The first value of a key counts.
  EXPECT_EQ(decode_payload(plain_schema(), event_with("\"device_id\":\"e\"")).key, "d");
}

TEST(Decoder, JudgesKeys) {
  const auto with = [](std::string_view key) {
    return "{\"temperature\":20,\"device_id\":" + std::string(key) + "}";
  };
  const auto unusable = [](std::string_view got) {
    return "device_id: expected a string, an integer or a boolean as key, got " + std::string(got);
  };
  Schema schema = plain_schema();
  schema.key_bytes_max = 8;
  expect_bad(
      schema,
      {
          {with("1.0"), Fate::no_key, unusable("1.0")},
          {with("1e3"), Fate::no_key, unusable("1e3")},
          {with("[]"), Fate::no_key, unusable("an array")},
          {with("{}"), Fate::no_key, unusable("an object")},
          {with("null"), Fate::no_key, "device_id: missing, expected the event's key"},
          {with("\"\""), Fate::no_key, "device_id: expected a key of 1 to 8 bytes, got \"\""},
          {with("\"123456789\""), Fate::no_key,
           "device_id: expected a key of 1 to 8 bytes, got \"123456789\""},
          {"{\"temperature\":20}", Fate::no_key, "device_id: missing, expected the event's key"},
          {"{\"temperature\":\"x\"}", Fate::no_key, "device_id: missing, expected the event's key"},
          {"[{\"device_id\":\"d\"}]", Fate::no_key, "payload: expected an object, got an array"},
          {"17", Fate::no_key, "payload: expected an object, got 17"},
      });
  const std::pair<const char*, const char*> good[] = {
      {"\"a\\u0062c\"", "abc"}, {"12", "12"},       {"-7", "-7"},
      {"true", "true"},         {"false", "false"}, {"\"12345678\"", "12345678"},
      {"12345678", "12345678"}};
  for (const auto& [json, key] : good) {
    const auto row = decode_payload(schema, with(json));
    EXPECT_EQ(row.fate, Fate::live) << row.detail;
    EXPECT_EQ(row.key, key);
  }
}

TEST(Decoder, AKeyMayBeAFieldToo) {
  Schema schema = plain_schema();
  schema.key.name = "mode";
  const auto row = decode_payload(schema, R"({"temperature":1,"mode":"run"})");
  EXPECT_EQ(row.fate, Fate::live);
  EXPECT_EQ(row.key, "run");
  EXPECT_EQ(row.strings[0], "run");
  const auto wrong = decode_payload(schema, R"({"temperature":1,"mode":"off"})");
  EXPECT_EQ(wrong.fate, Fate::schema);
  EXPECT_EQ(wrong.key, "off");
}

TEST(Decoder, AKeyMayComeFromTheEnvelope) {
  Schema schema = plain_schema();
  schema.key = {FieldSource::Kind::attribute, "source"};
  EXPECT_EQ(decode_payload(schema, R"({"temperature":1})").key, "/door");
  EXPECT_EQ(decode_payload(schema, "17").fate, Fate::schema);
  schema.key.name = "subject";
  const auto row = decode_payload(schema, R"({"temperature":1})");
  EXPECT_EQ(row.fate, Fate::no_key);
  EXPECT_EQ(row.detail, "ce.subject: missing, expected the event's key");
  schema.key = {};
  EXPECT_EQ(decode_payload(schema, R"({"temperature":1})").fate, Fate::live);
}

TEST(Decoder, JudgesTimes) {
  expect_bad(
      timed_schema(),
      {
          {event_with("\"ts\":\"yesterday\""), Fate::schema,
           "ts: expected a time (RFC 3339 with offset, or an epoch number), got \"yesterday\""},
          {event_with("\"ts\":true"), Fate::schema, ""},
          {event_with("\"ts\":{}"), Fate::schema, ""},
          {event_with("\"ts\":1e30"), Fate::schema,
           "ts: expected a time from 1677-09-22 to 2262-04-11, got 1e30"},
          {event_with("\"ts\":\"0001-01-01T00:00:00Z\""), Fate::schema, ""},
      });
  for (const char* good : {"1772352000", "1772352000000", "1.772352e9", "\"1772352000000000\"",
                           "\"2026-03-01T08:00:00Z\"", "1772352000000000000", "1772352000.0"}) {
    const auto row = decode_payload(timed_schema(), event_with("\"ts\":" + std::string(good)));
    EXPECT_EQ(row.fate, Fate::live) << row.detail;
    EXPECT_EQ(row.time, 1772352000'000'000'000) << good;
  }
}

TEST(Decoder, RefusesWhatIsMalformedFirst) {
  // Whatever else is wrong, and whether or not somebody reads the value.
  for (const char* rest : {"\"x\":01",
                           "\"x\":+1",
                           "\"x\":.5",
                           "\"x\":1.",
                           "\"x\":1e",
                           "\"x\":nul",
                           "\"x\":nulll",
                           "\"x\":[1,]",
                           "\"x\":[,1]",
                           "\"x\":{\"a\" 1}",
                           "\"x\":{\"a\":1,}",
                           "\"x\":{a:1}",
                           "\"x\":\"\\q\"",
                           "\"x\":[\"\\u12g4\"]",
                           "\"x\":{\"\\q\":1}",
                           "\"\\q\":1",
                           "\"x\":'a'",
                           "\"x\":[1}",
                           "\"x\":{\"a\":1]",
                           "\"x\":1 2",
                           "\"x\":\"a\" \"b\"",
                           "\"x\"",
                           "\"x\":",
                           "\"x\":1,",
                           ",",
                           "1:2",
                           "\"x\":[1 2]",
                           "\"x\":--1",
                           "\"x\":1-1",
                           "\"x\":1\"a\"",
                           "\"x\":\"a\"1",
                           "\"x\":{\"a\":{\"b\":[{\"c\":tru}]}}",
                           "\"x\":/**/1",
                           "\"x\":1}{",
                           "\"x\":1},{",
                           "\"x\":[[1]",
                           "\"x\":{",
                           "\"x\":}",
                           "\"x\":\"\t\"",
                           "\"x\":\v1"}) {
    for (const char* before :
         {"\"device_id\":\"d\",\"temperature\":20,", "\"temperature\":\"hot\","}) {
      const std::string bytes = "{" + std::string(before) + rest + "}";
      const auto row = decode_payload(plain_schema(), bytes);
      EXPECT_EQ(to_string(row.fate), "malformed") << bytes << ": " << row.detail;
      EXPECT_EQ(row.detail.find("not valid JSON: "), 0U) << row.detail;
    }
  }
}

TEST(Decoder, RefusesBrokenBytes) {
  const std::string good = event_with("\"x\":1");
  const std::vector<std::string> bad = {"",
                                        " ",
                                        "\n",
                                        good + "x",
                                        good + good,
                                        good + ",",
                                        good + "\0"s,
                                        "\0"s + good,
                                        "\xef\xbb\xbf" + good,
                                        "\xff",
                                        "{\"device_id\":\"\xc3\"}",
                                        "{",
                                        "}",
                                        "{\"",
                                        "\"",
                                        "[",
                                        "[[]",
                                        "tru",
                                        "nul",
                                        "-",
                                        "1.",
                                        "\"a",
                                        "\"a\" 1",
                                        "\"\\q\"",
                                        "1 2",
                                        "true false",
                                        "[1] 2",
                                        "[1],"};
  for (const std::string& bytes : bad) {
    const auto row = decode_payload(plain_schema(), bytes);
    EXPECT_EQ(to_string(row.fate), "malformed") << bytes << ": " << row.detail;
    EXPECT_EQ(row.key, "");
    EXPECT_EQ(row.time, kNoTime.time_since_epoch().count());
    EXPECT_TRUE(std::isnan(row.number(0)));
  }
  EXPECT_EQ(decode_payload(plain_schema(), bad[8]).detail,
            "not valid JSON: it starts with a byte order mark");
  // Every beginning of an event is refused, too.
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(decode_payload(plain_schema(), good.substr(0, size)).fate, Fate::malformed) << size;
  }
}

TEST(Decoder, BoundsDepthAndSize) {
  Schema schema = plain_schema();
  schema.depth_max = 4;
  const auto nested = [](std::size_t arrays) {
    return event_with("\"x\":" + std::string(arrays, '[') + std::string(arrays, ']'));
  };
  EXPECT_EQ(decode_payload(schema, nested(3)).fate, Fate::live);
  const auto row = decode_payload(schema, nested(4));
  EXPECT_EQ(row.fate, Fate::malformed);
  EXPECT_EQ(row.detail.find("not valid JSON: nested deeper than 4"), 0U) << row.detail;
  schema.depth_max = std::numeric_limits<std::size_t>::max();
  for (const std::size_t depth : {1'000U, 100'000U}) {
    EXPECT_EQ(decode_payload(schema, nested(depth)).fate, Fate::malformed);
    EXPECT_EQ(decode_payload(schema, std::string(depth, '[')).fate, Fate::malformed);
    std::string objects;
    for (std::size_t i = 0; i < depth; ++i) objects += "{\"a\":";
    EXPECT_EQ(decode_payload(schema, objects + "1" + std::string(depth, '}')).fate,
              Fate::malformed);
    const std::string both = std::string(depth, '[') + std::string(depth, ']');
    EXPECT_EQ(decode_payload(schema, both).fate, Fate::malformed);
  }
  schema.event_bytes_max = 60;
  std::string large = event_with("\"x\":1");
  large.resize(61, ' ');
  EXPECT_EQ(decode_payload(schema, large).detail, "expected at most 60 bytes, got 61");
  EXPECT_EQ(decode_payload(schema, large).fate, Fate::too_large);
  EXPECT_EQ(decode_payload(schema, large.substr(0, 60)).fate, Fate::live);
  EXPECT_EQ(decode_payload(schema, std::string(61, '{')).fate, Fate::too_large);
}

TEST(Decoder, DetailsAreShortAndWhole) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "€";
  const auto row = decode_payload(plain_schema(), event_with("\"mode\":\"" + text + "\""));
  EXPECT_EQ(row.fate, Fate::schema);
  // 100 bytes: the quote and 33 whole characters.
  EXPECT_EQ(row.detail,
            "mode: expected one of idle, run, clean, got \"" + text.substr(0, 99) + "…");
  const std::string digits(5'000, '1');
  const auto number =
      decode_payload(plain_schema(), "{\"device_id\":1,\"temperature\":" + digits + "}");
  EXPECT_EQ(number.fate, Fate::schema);
  EXPECT_LT(number.detail.size(), 400U);
}

TEST(Decoder, KeepsNothingOfTheEventBefore) {
  const Schema schema = plain_schema();
  Decoder decoder(schema);
  const std::string full = event_with(R"("ts":1,"count":3,"on":true,"mode":"run","name":"ab")");
  const std::string bare = event_with("\"x\":1");
  const auto alone = decode_payload(schema, bare);
  for (const std::string& before :
       {full, std::string("{"), event_with("\"mode\":1"), std::string("3")}) {
    decode_with(decoder, kPayloadEnvelope, before);
    EXPECT_EQ(decode_with(decoder, kPayloadEnvelope, bare), alone) << before;
  }
}

TEST(Decoder, OrderAndUnknownMembersDoNotMatter) {
  const Schema schema = timed_schema();
  Decoder decoder(schema);
  std::vector<std::string> members = {R"("device_id":"d")", R"("temperature":20)", R"("count":3)",
                                      R"("zzz":[{}])",      R"("mode":"run")",     R"("ts":5)"};
  std::sort(members.begin(), members.end());
  do {
    std::string bytes = "{";
    for (const auto& member : members) bytes += (bytes.size() > 1 ? " , " : " ") + member;
    const auto row = decode_with(decoder, kPayloadEnvelope, bytes + " }");
    ASSERT_EQ(row.fate, Fate::live) << bytes << row.detail;
    ASSERT_EQ(row.number(0), 20);
    ASSERT_EQ(row.number(1), 3);
    ASSERT_EQ(row.strings[0], "run");
    ASSERT_EQ(row.time, 5'000'000'000);
  } while (std::next_permutation(members.begin(), members.end()));
}

TEST(Decoder, NamesThatAreHardToMatch) {
  Schema schema;
  schema.key = {FieldSource::Kind::payload, "k\"\\"};
  const std::string long_name(300, 'n');
  for (const std::string& name : {std::string("a"), std::string("ab"), std::string("a\"b"),
                                  std::string(""), std::string("ä"), long_name}) {
    schema.fields.push_back({.name = name});
  }
  const auto row = decode_payload(
      schema, R"({"a":1,"ab":2,"a\"b":3,"":4,"\u00e4":5,"k\"\\":"key",")" + long_name + R"(":6})");
  EXPECT_EQ(row.fate, Fate::live) << row.detail;
  EXPECT_EQ(row.key, "key");
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(row.number(i), static_cast<double>(i + 1));
}

TEST(Append, FillsTheDecodeColumns) {
  const Schema schema = timed_schema();
  Decoder decoder(schema);
  Batch batch;
  for (int round = 0; round < 2; ++round) {
    reset(batch, schema);
    EXPECT_EQ(batch.rows(), 0U);
    const std::string padding(kDecodePadding, ' ');
    const std::string good = event_with("\"mode\":\"run\",\"ts\":7");
    for (const std::string& bytes : {good, std::string("{")}) {
      const std::string padded = bytes + padding;
      append(batch,
             decoder.decode(kPayloadEnvelope, std::string_view(padded).substr(0, bytes.size())));
    }
    EXPECT_EQ(batch.rows(), 2U);
    EXPECT_EQ(batch.fate, (std::vector<Fate>{Fate::live, Fate::malformed}));
    EXPECT_EQ(batch.identity[0], event_identity("/door", "id-1"));
    EXPECT_EQ(batch.key_hash[0], hash128("d"));
    EXPECT_EQ(batch.source[0], "/door");
    EXPECT_EQ(batch.id[1], "id-1");
    EXPECT_EQ(batch.key[0], "d");
    EXPECT_EQ(batch.trace[0], "tr");
    EXPECT_EQ(batch.time[0].time_since_epoch(), std::chrono::seconds(7));
    EXPECT_EQ(batch.time[1], kNoTime);
    EXPECT_EQ(batch.values.row(0)[0], 20);
    EXPECT_TRUE(std::isnan(batch.values.row(1)[0]));
    EXPECT_EQ(batch.strings[0][0], "run");
    EXPECT_EQ(batch.strings[0][1], "");
    EXPECT_EQ(batch.detail[0], "");
    EXPECT_NE(batch.detail[1], "");
    EXPECT_EQ(batch.flags, (std::vector<std::uint8_t>{0, 0}));
  }
}

}  // namespace
}  // namespace ouzel
