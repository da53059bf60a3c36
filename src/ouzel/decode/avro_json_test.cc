#include "ouzel/decode/avro_json.h"

#include <gtest/gtest.h>

#include "ouzel/base/random.h"
#include "ouzel/decode/decode_fixture.h"

namespace ouzel {
namespace {

// What fastavro 1.13.1 writes for these schemas.
constexpr std::string_view kPress =
    R"({"type": "record", "name": "Press", "namespace": "plant.seven", "fields": [{"name": "dev)"
    R"(ice_id", "type": "string"}, {"name": "ts", "type": {"type": "long", "logicalType": "time)"
    R"(stamp-millis"}}, {"name": "temperature", "type": "float"}, {"name": "pressure", "type": )"
    R"("double"}, {"name": "count", "type": ["null", "int"], "default": null}, {"name": "on", ")"
    R"(type": "boolean"}, {"name": "mode", "type": {"type": "enum", "name": "Mode", "symbols": )"
    R"(["idle", "run", "clean"]}}, {"name": "last_mode", "type": ["null", "Mode"]}, {"name": "a)"
    R"(t", "type": {"type": "record", "name": "Place", "fields": [{"name": "x", "type": "long"})"
    R"(, {"name": "y", "type": "long"}]}}, {"name": "was", "type": ["null", "plant.seven.Place")"
    R"(]}, {"name": "tags", "type": {"type": "map", "values": "string"}}, {"name": "samples", ")"
    R"(type": {"type": "array", "items": "int"}}, {"name": "raw", "type": "bytes"}, {"name": "n)"
    R"(othing", "type": "null"}]})";
constexpr std::string_view kPressBytes =
    "1c70726573732d31322022c3a4220af0c1ca869567cdcca8419a9999999999b9bf000102020402ffffffffff"
    "ffffffff01028001feffffffffffffffff01020261026200080201feffffff0fffffffff0f000600ff10";
constexpr std::string_view kLogical =
    R"({"type": "record", "name": "L", "fields": [{"name": "d", "type": {"type": "bytes", "logi)"
    R"(calType": "decimal", "precision": 12, "scale": 3}}, {"name": "n", "type": {"type": "byte)"
    R"(s", "logicalType": "decimal", "precision": 12, "scale": 3}}, {"name": "z", "type": {"typ)"
    R"(e": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}}, {"name": "f", "type)"
    R"(": {"type": "fixed", "name": "D8", "size": 8, "logicalType": "decimal", "precision": 15,)"
    R"( "scale": 0}}, {"name": "big", "type": {"type": "bytes", "logicalType": "decimal", "prec)"
    R"(ision": 40, "scale": 2}}, {"name": "day", "type": {"type": "int", "logicalType": "date"})"
    R"(}, {"name": "old", "type": {"type": "int", "logicalType": "date"}}, {"name": "tm", "type)"
    R"(": {"type": "int", "logicalType": "time-millis"}}, {"name": "tu", "type": {"type": "long)"
    R"(", "logicalType": "time-micros"}}, {"name": "su", "type": {"type": "long", "logicalType")"
    R"(: "timestamp-micros"}}, {"name": "sb", "type": {"type": "long", "logicalType": "timestam)"
    R"(p-millis"}}, {"name": "sn", "type": {"type": "long", "logicalType": "timestamp-nanos"}},)"
    R"( {"name": "lm", "type": {"type": "long", "logicalType": "local-timestamp-millis"}}, {"na)"
    R"(me": "u", "type": {"type": "string", "logicalType": "uuid"}}, {"name": "fx", "type": {"t)"
    R"(ype": "fixed", "name": "F3", "size": 3}}, {"name": "odd", "type": {"type": "long", "logi)"
    R"(calType": "no-such"}}]})";
constexpr std::string_view kLogicalBytes =
    "0800bc614e04ff800200ffffffffb669fd2e22fc5f36df8a3f240c475343a06931c0f52ec2c002f3e457f0d1"
    "bb1bfeffbadd830582d392b6bbfca5060182b8d8819fb0d49831f0c1ca8695674831323334353637382d3132"
    "33342d353637382d313233342d3536373831323334353637386162630e";

std::string unhex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  }
  return out;
}

std::shared_ptr<const AvroSchema> schema_of(std::string_view text) {
  const std::string texts[] = {std::string(text)};
  auto schema = AvroSchema::parse(texts);
  EXPECT_TRUE(schema) << schema.error().message;
  return schema ? *schema : nullptr;
}

std::string why_not(std::string_view text) {
  const std::string texts[] = {std::string(text)};
  const auto schema = AvroSchema::parse(texts);
  EXPECT_FALSE(schema) << text;
  if (schema) return "";
  EXPECT_EQ(schema.error().code, ErrorCode::config);
  return schema.error().message;
}

/// The JSON, or the fault's detail.
std::string json_of(std::string_view schema, std::string_view hex, AvroLimits limits = {}) {
  const auto parsed = schema_of(schema);
  std::string out;
  const auto fault = avro_to_json(out, *parsed, unhex(hex), limits);
  return fault ? fault->detail : out;
}

TEST(AvroJson, TypesOfEveryKind) {
  EXPECT_EQ(json_of(kPress, kPressBytes),
            R"({"device_id":"press-12 \"ä\"\u000a","ts":"2026-03-01T08:00:00.120Z",)"
            R"("temperature":21.1,"pressure":-0.1,"count":null,"on":true,"mode":"run",)"
            R"("last_mode":"clean","at":{"x":1,"y":-9223372036854775808},)"
            R"("was":{"x":64,"y":9223372036854775807},"tags":{"a":"b"},)"
            R"("samples":[1,-1,2147483647,-2147483648],"raw":"AP8Q","nothing":null})");
}

TEST(AvroJson, LogicalTypes) {
  EXPECT_EQ(json_of(kLogical, kLogicalBytes),
            R"({"d":12345.678,"n":-0.128,"z":0.00,"f":-1234567890,)"
            R"("big":-12345678901234567890123456789012345678.90,"day":"2026-03-01",)"
            R"("old":"0001-01-01","tm":"08:00:00.120","tu":"23:59:59.999999",)"
            R"("su":"2026-03-01T08:00:00.120001Z","sb":"1969-12-31T23:59:59.999Z",)"
            R"("sn":"2026-03-01T08:00:00.120000001Z","lm":"2026-03-01T08:00:00.120",)"
            R"("u":"12345678-1234-5678-1234-567812345678","fx":"YWJj","odd":7})");
  EXPECT_EQ(json_of(R"({"type":"fixed","name":"u","size":16,"logicalType":"uuid"})",
                    "12345678123456781234567812345678"),
            R"("12345678-1234-5678-1234-567812345678")");
  EXPECT_EQ(json_of(R"({"type":"fixed","name":"d","size":12,"logicalType":"duration"})",
                    "0100000002000000bc0b0000"),
            R"("P1M2DT3.004S")");
  // Of the wrong type or size they say nothing.
  EXPECT_EQ(json_of(R"({"type":"string","logicalType":"timestamp-millis"})", "0261"), "\"a\"");
  EXPECT_EQ(json_of(R"({"type":"fixed","name":"u","size":2,"logicalType":"uuid"})", "6161"),
            "\"YWE=\"");
}

TEST(AvroJson, DecimalsAreExact) {
  const auto decimal = [](std::string_view hex, int scale) {
    return json_of(R"({"type":"bytes","logicalType":"decimal","precision":9,"scale":)" +
                       std::to_string(scale) + "}",
                   hex);
  };
  EXPECT_EQ(decimal("0200", 0), "0");
  EXPECT_EQ(decimal("020a", 0), "10");
  EXPECT_EQ(decimal("02ff", 0), "-1");
  EXPECT_EQ(decimal("02ff", 3), "-0.001");
  EXPECT_EQ(decimal("0280", 2), "-1.28");
  EXPECT_EQ(decimal("040080", 2), "1.28");
  EXPECT_EQ(decimal("108000000000000000", 0), "-9223372036854775808");
  EXPECT_EQ(decimal("00", 0), "Avro, at byte 1: a decimal without bytes");
  const std::string most = "8002" + std::string(256, 'f');
  EXPECT_EQ(decimal(most, 0), "-1");
  EXPECT_EQ(decimal("8202" + std::string(258, 'f'), 0),
            "Avro, at byte 131: a decimal of more than 128 bytes");
}

TEST(AvroJson, NumbersThatAreNotFiniteAreNoNumbers) {
  EXPECT_EQ(json_of(R"({"type":"record","name":"F","fields":[{"name":"a","type":"double"},)"
                    R"({"name":"b","type":"float"},{"name":"c","type":"double"}]})",
                    "000000000000f87f0000807f000000000000f0ff"),
            R"({"a":"NaN","b":"Infinity","c":"-Infinity"})");
}

constexpr std::string_view kList =
    R"({"type":"record","name":"Node","fields":[{"name":"v","type":"int"},)"
    R"({"name":"next","type":["null","Node"]}]})";

TEST(AvroJson, TypesThatHoldThemselvesAreBoundedInDepth) {
  EXPECT_EQ(json_of(kList, "02020400"), R"({"v":1,"next":{"v":2,"next":null}})");
  std::string deep;
  for (int i = 0; i < 63; ++i) deep += "0202";
  EXPECT_TRUE(json_of(kList, deep + "0200").starts_with("{\"v\":1"));
  EXPECT_EQ(json_of(kList, deep + "02020200"), "Avro, at byte 128: nested deeper than 64");
  EXPECT_EQ(json_of(R"({"type":"record","name":"R","fields":[{"name":"r","type":"R"}]})", ""),
            "Avro, at byte 0: nested deeper than 64");
}

TEST(AvroJson, BlocksOfArraysAndMaps) {
  constexpr std::string_view kInts = R"({"type":"array","items":"int"})";
  EXPECT_EQ(json_of(kInts, "00"), "[]");
  EXPECT_EQ(json_of(kInts, "02020406"), "Avro, at byte 4: a number expected, nothing left");
  EXPECT_EQ(json_of(kInts, "020204060800"), "[1,3,4]") << "two blocks: 1, then 2 items";
  EXPECT_EQ(json_of(kInts, "0304020400"), "[1,2]") << "a block that says its size";
  EXPECT_EQ(json_of(R"({"type":"map","values":"null"})", "040261026200"), R"({"a":null,"b":null})");
}

TEST(AvroJson, MuchOfNothingIsTooLarge) {
  constexpr std::string_view kNulls = R"({"type":"array","items":"null"})";
  const auto schema = schema_of(kNulls);
  for (const char* hex : {"feffffffffffffffff0100", "ffffffffffffffffff010200"}) {
    std::string out;
    const auto fault = avro_to_json(out, *schema, unhex(hex), {.bytes_max = 1000});
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->fate, Fate::too_large);
    EXPECT_LT(out.size(), 1100U);
  }
  // Records of records of nothing: 2^30 leaves without a byte.
  std::string deep = R"({"type":"record","name":"R0","fields":[]})";
  for (int i = 1; i <= 30; ++i) {
    deep = R"({"type":"record","name":"R)" + std::to_string(i) +
           R"(","fields":[{"name":"a","type":)" + deep + R"(},{"name":"b","type":"R)" +
           std::to_string(i - 1) + R"("}]})";
  }
  std::string out;
  const auto fault = avro_to_json(out, *schema_of(deep), "", {.bytes_max = 1000});
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->fate, Fate::too_large);
}

TEST(AvroJson, DamageIsNamed) {
  EXPECT_EQ(json_of(R"("string")", "0a61"), "Avro, at byte 1: 5 bytes expected, 1 left");
  EXPECT_EQ(json_of(R"("string")", "01"), "Avro, at byte 1: a length of -1");
  EXPECT_EQ(json_of(R"("int")", "0202"), "Avro, at byte 1: 1 bytes too many for the schema");
  EXPECT_EQ(json_of(R"("int")", "8080808010"), "Avro, at byte 5: an int of more than 32 bits");
  EXPECT_EQ(json_of(R"("long")", "ffffffffffffffffff02"),
            "Avro, at byte 10: a number of more than 64 bits");
  EXPECT_EQ(json_of(R"("boolean")", "02"), "Avro, at byte 1: a boolean that is neither 0 nor 1");
  EXPECT_EQ(json_of(R"(["null","int"])", "04"), "Avro, at byte 1: branch 2 of a union of 2");
  EXPECT_EQ(json_of("[]", "00"), "Avro, at byte 1: branch 0 of a union of 0");
  EXPECT_EQ(json_of(R"({"type":"enum","name":"E","symbols":["a"]})", "02"),
            "Avro, at byte 1: symbol 1 of an enum of 1");
  EXPECT_EQ(json_of(R"({"type":"long","logicalType":"timestamp-millis"})", "feffffffffffffffff01"),
            "Avro, at byte 10: a timestamp beyond the years 1 to 9999: 9223372036854775807");
  EXPECT_EQ(json_of(R"({"type":"int","logicalType":"time-millis"})", "01"),
            "Avro, at byte 1: a time beyond one day");
}

TEST(AvroSchema, NamesAreFoundInTheirNamespace) {
  constexpr std::string_view kSchema =
      R"({"type":"record","name":"a.b.R","fields":[)"
      R"({"name":"e","type":{"type":"enum","name":"E","symbols":["x"]}},)"
      R"({"name":"f","type":{"type":"fixed","name":"F","namespace":"other","size":1}},)"
      R"({"name":"e2","type":"E"},{"name":"e3","type":"a.b.E"},{"name":"f2","type":"other.F"},)"
      R"({"name":"n","type":{"type":{"type":"int"}}}]})";
  EXPECT_EQ(json_of(kSchema, "006100006202"),
            R"({"e":"x","f":"YQ==","e2":"x","e3":"x","f2":"Yg==","n":1})");
}

TEST(AvroSchema, ReferencedSchemasComeFirst) {
  const std::string texts[] = {R"({"type":"enum","name":"p.Mode","symbols":["idle","run"]})",
                               R"({"type":"record","name":"p.R","fields":[)"
                               R"({"name":"m","type":"Mode"}]})"};
  const auto schema = AvroSchema::parse(texts);
  ASSERT_TRUE(schema) << schema.error().message;
  std::string out;
  EXPECT_FALSE(avro_to_json(out, **schema, unhex("02"), {}));
  EXPECT_EQ(out, R"({"m":"run"})");
}

TEST(AvroSchema, WhatIsWrongIsNamed) {
  EXPECT_TRUE(why_not("{").starts_with("Avro schema: not valid JSON"));
  EXPECT_EQ(why_not("7"), "Avro schema: a type is a string, an object or an array");
  EXPECT_EQ(why_not(R"("strin")"), R"(Avro schema: unknown type "strin")");
  EXPECT_EQ(why_not("{}"), R"(Avro schema: an object without "type")");
  EXPECT_EQ(why_not(R"({"type":"record","name":"R"})"),
            R"(Avro schema: R: a record without an array "fields")");
  EXPECT_EQ(why_not(R"({"type":"record","fields":[]})"),
            R"(Avro schema: a record, enum or fixed without "name")");
  EXPECT_EQ(why_not(R"({"type":"record","name":"R","fields":[{"name":"a"}]})"),
            R"(Avro schema: R: a field without "name" and "type")");
  EXPECT_EQ(why_not(R"({"type":"fixed","name":"F","size":-1})"),
            R"(Avro schema: F: a fixed without an integer "size")");
  EXPECT_EQ(why_not(R"({"type":"enum","name":"E","symbols":[1]})"),
            "Avro schema: E: a symbol that is not a string");
  EXPECT_EQ(why_not(R"({"type":"array"})"), R"(Avro schema: without "items")");
  EXPECT_EQ(why_not(R"([{"type":"fixed","name":"F","size":1},)"
                    R"({"type":"fixed","name":"F","size":2}])"),
            "Avro schema: F: defined twice");
  EXPECT_EQ(why_not(R"({"type":"bytes","logicalType":"decimal","scale":301})"),
            "Avro schema: decimal: a scale of at most 300");
  std::string deep = R"("int")";
  for (int i = 0; i < 129; ++i) deep = "[" + deep + "]";
  EXPECT_EQ(why_not(deep), "Avro schema: nested too deep");
  std::string many = "[";
  for (std::size_t i = 0; i < AvroSchema::kNodesMax; ++i) many += "\"int\",";
  EXPECT_EQ(why_not(many + R"("int"])"), "Avro schema: more than 10000 types");
  EXPECT_FALSE(AvroSchema::parse({}));
}

/// Whatever the bytes and the schema, it ends within its limits.
TEST(AvroJson, RandomChangesEnd) {
  Random random(20260301);
  for (const auto& [schema, hex] :
       {std::pair(kPress, kPressBytes), std::pair(kLogical, kLogicalBytes)}) {
    const auto parsed = schema_of(schema);
    const std::string bytes = unhex(hex);
    std::size_t good = 0, bad = 0;
    for (int round = 0; round < 20'000; ++round) {
      std::string changed = bytes;
      for (std::size_t i = random.below(3); i < 3; ++i) {
        changed[random.below(changed.size())] = static_cast<char>(random.below(256));
      }
      if (random.chance(0.2)) changed.resize(random.below(changed.size()));
      std::string out;
      const auto fault = avro_to_json(out, *parsed, changed, {.bytes_max = 10'000});
      EXPECT_LT(out.size(), 11'000U);
      EXPECT_TRUE(!fault || !fault->detail.empty());
      (fault ? bad : good) += 1;
      if (round % 10 != 0) continue;
      std::string text(schema);
      text[random.below(text.size())] = static_cast<char>(random.below(128));
      const std::string texts[] = {text};
      if (const auto other = AvroSchema::parse(texts)) {
        (void)avro_to_json(out, **other, changed, {.bytes_max = 10'000});
      }
    }
    EXPECT_GT(good, 100U);
    EXPECT_GT(bad, 1'000U);
  }
}

}  // namespace
}  // namespace ouzel
