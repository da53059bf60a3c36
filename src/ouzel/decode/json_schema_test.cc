#include "ouzel/decode/json_schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "ouzel/decode/decimal.h"
#include "ouzel/decode/decode_fixture.h"
#include "ouzel/decode/pattern.h"
#include "ouzel/decode/schema_compiler.h"
#include "ouzel/decode/schema_validator.h"
#include "ouzel/decode/uri.h"

namespace ouzel {
namespace {

std::string refusal(const std::string& text) {
  const auto program = compile_schema(text);
  return program ? "" : program.error().message;
}

/// Why the value is not valid; empty if it is.
std::string verdict(const std::string& schema, const std::string& value) {
  const auto program = compile_schema(schema);
  if (!program) return "refused: " + program.error().message;
  NameTable names;
  SchemaValidator validator(**program, names);
  JsonDocument document;
  const auto parsed = document.parse(value, 512, names);
  if (!parsed) return parsed.error().message;
  std::string detail;
  const bool valid = validator.valid(document.root(), detail);
  EXPECT_EQ(valid, detail.empty());
  return detail;
}

Schema with(const std::string& text) {
  Schema schema;
  const auto used = use_json_schema(text, schema);
  EXPECT_TRUE(used) << used.error().message;
  return schema;
}

std::string many(std::string_view part, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += part;
  return out;
}

TEST(Decimal, ComparesWithoutRounding) {
  EXPECT_EQ(Decimal("1"), Decimal("1.0"));
  EXPECT_EQ(Decimal("100"), Decimal("1e2"));
  EXPECT_EQ(Decimal("-0"), Decimal("0.00e7"));
  EXPECT_LT(Decimal("9007199254740992"), Decimal("9007199254740993"));
  EXPECT_LT(Decimal("-9007199254740993"), Decimal("-9007199254740992"));
  EXPECT_LT(Decimal("0.1"), Decimal("0.10000000000000000001"));
  EXPECT_LT(Decimal("1e400"), Decimal("1e401"));
  EXPECT_LT(Decimal("0"), Decimal("1e-400"));
  EXPECT_LT(Decimal("-1"), Decimal("1e-999999999999999999999"));
  EXPECT_TRUE(Decimal("1e400").integer());
  EXPECT_TRUE(Decimal("1.50e1").integer());
  EXPECT_FALSE(Decimal("1.5").integer());
  EXPECT_EQ(Decimal("12.50").normal(), Decimal("1250e-2").normal());
}

TEST(Decimal, KnowsMultiplesOfDecimals) {
  const auto multiple = [](const char* of, const char* factor) {
    return Decimal(of).multiple_of(Decimal(factor));
  };
  EXPECT_TRUE(multiple("0.3", "0.1"));
  EXPECT_TRUE(multiple("19.99", "0.01"));
  EXPECT_TRUE(multiple("1e308", "0.5"));
  EXPECT_TRUE(multiple("1e1000000000000000000", "7e-3") == false);
  EXPECT_TRUE(multiple("0", "0.3"));
  EXPECT_TRUE(multiple("-4.5", "1.5"));
  EXPECT_TRUE(multiple("123456789012345678901234567890", "3"));
  EXPECT_FALSE(multiple("0.35", "0.1"));
  EXPECT_FALSE(multiple("123456789012345678901234567891", "3"));
  EXPECT_FALSE(multiple("1", "10"));
}

TEST(Uri, ResolvesAsRfc3986Says) {
  constexpr const char* kBase = "http://a/b/c/d;p?q";
  const std::pair<const char*, const char*> cases[] = {{"g:h", "g:h"},
                                                       {"g", "http://a/b/c/g"},
                                                       {"./g", "http://a/b/c/g"},
                                                       {"g/", "http://a/b/c/g/"},
                                                       {"/g", "http://a/g"},
                                                       {"//g", "http://g"},
                                                       {"?y", "http://a/b/c/d;p?y"},
                                                       {"g?y", "http://a/b/c/g?y"},
                                                       {"#s", "http://a/b/c/d;p?q"},
                                                       {"", "http://a/b/c/d;p?q"},
                                                       {".", "http://a/b/c/"},
                                                       {"..", "http://a/b/"},
                                                       {"../g", "http://a/b/g"},
                                                       {"../../../g", "http://a/g"},
                                                       {"/./g", "http://a/g"},
                                                       {"g;x=1/../y", "http://a/b/c/y"}};
  for (const auto& [reference, target] : cases) {
    EXPECT_EQ(resolve_uri(kBase, reference), target) << reference;
  }
  EXPECT_EQ(percent_decoded("a%20%2f"), "a /");
  EXPECT_FALSE(percent_decoded("%2"));
  EXPECT_FALSE(percent_decoded("%zz"));
}

TEST(EcmaPattern, IsRewrittenOrRefused) {
  EXPECT_EQ(re2_from_ecma("^[a-z]+\\d$").value(), "^[a-z]+\\d$");
  EXPECT_EQ(re2_from_ecma("\\u00e9\\u{1F600}\\ud83d\\ude00\\cA").value(),
            "\\x{e9}\\x{1f600}\\x{1f600}\\x{1}");
  EXPECT_EQ(re2_from_ecma("(?<year>[[0-9])").value(), "(?P<year>[\\[0-9])");
  EXPECT_EQ(re2_from_ecma("\\p{Letter}\\P{Script=Greek}").value(), "\\p{L}\\P{Greek}");
  for (const char* refused : {"(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(a)\\1", "\\k<n>", "(?i)a",
                              "\\A", "\\Qa\\E", "[a", "\\", "\\ud800", "\\p", "\\u{110000}"}) {
    EXPECT_FALSE(re2_from_ecma(refused)) << refused;
  }
}

TEST(JsonSchema, SaysWhatIsWrongWithASchemaAndWhere) {
  EXPECT_EQ(refusal(R"({"properties":{"a":{"minimun":1}}})"),
            "#/properties/a/minimun: is no keyword of JSON Schema 2020-12, did you mean minimum? "
            "(notes of your own start with x-)");
  EXPECT_EQ(refusal(R"({"x-unit":"bar","format":"nonsense"})"), "");
  EXPECT_EQ(refusal(R"({"dependencies":{}})"), "#/dependencies: is not supported");
  EXPECT_EQ(refusal(R"({"type":"float"})"),
            "#/type: expected one of null, boolean, integer, number, string, array, object, got "
            "\"float\"");
  EXPECT_EQ(refusal(R"x({"pattern":"(?=a)"})x"),
            "#/pattern: this regular expression cannot be used: lookahead (?= and (?! is not "
            "supported");
  EXPECT_EQ(refusal(R"({"items":{"$ref":"#/nowhere"}})"),
            "#/items/$ref: '#/nowhere' leads to no schema");
  EXPECT_EQ(refusal(R"({"$ref":"#/const","const":{}})"), "#/$ref: '#/const' leads to no schema");
  EXPECT_EQ(refusal(R"({"minLength":-1})"),
            "#/minLength: expected an integer of 0 or more, got -1");
  EXPECT_EQ(refusal(R"({"multipleOf":0})"), "#/multipleOf: expected a number above 0, got 0");
  EXPECT_EQ(refusal(R"({"type":"object","type":"object"})"), "#/type: stands twice");
  EXPECT_EQ(refusal("7"), "#: expected a schema: an object, true or false");
  EXPECT_NE(refusal("{").find("not valid JSON"), std::string::npos);
  EXPECT_NE(refusal("{},{}").find("not valid JSON"), std::string::npos);
  EXPECT_NE(refusal(R"({"$schema":"http://json-schema.org/draft-07/schema#"})").find("dialect"),
            std::string::npos);
}

TEST(JsonSchema, SaysAllThatIsWrongEachPlaceOnceInOrder) {
  EXPECT_EQ(
      refusal(R"({"properties":{"a":{"type":"float","minimun":1},"b":7,"c\nd":{"minLength":-1}},
                        "allOf":7,"required":["a",7],"items":{"$id":7,"$ref":"#/nowhere"},
                        "$anchor":"1","maximum":"1","maximum":2})"),
      "#/properties/a/type: expected one of null, boolean, integer, number, string, array, "
      "object, got \"float\"\n"
      "#/properties/a/minimun: is no keyword of JSON Schema 2020-12, did you mean minimum? "
      "(notes of your own start with x-)\n"
      "#/properties/b: expected a schema: an object, true or false\n"
      "#/properties/c d/minLength: expected an integer of 0 or more, got -1\n"
      "#/allOf: expected an array of schemas\n"
      "#/required/1: expected a name, got 7\n"
      "#/items/$id: expected a URI reference\n"
      "#/items/$ref: '#/nowhere' leads to no schema\n"
      "#/$anchor: expected a name of letters, digits, '-', '_' and '.'\n"
      "#/maximum: expected a number, got \"1\"\n"
      "#/maximum: stands twice");
}

TEST(JsonSchema, OfVeryManyFaultsTheFirstAreSaid) {
  const std::string said = refusal("{\"allOf\":[" + many("{\"minimun\":1},", 1000) + "7]}");
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n') + 1, 50);
}

TEST(JsonSchema, HostileSchemasAreRefused) {
  EXPECT_NE(refusal(many("{\"not\":", 200) + "{}" + many("}", 200)).find("nested deeper"),
            std::string::npos);
  EXPECT_NE(refusal("{\"title\":\"" + std::string(kSchemaBytesMax, 'a') + "\"}").find("larger"),
            std::string::npos);
  EXPECT_NE(refusal("{\"pattern\":\"" + std::string(5000, 'a') + "\"}").find("longer than"),
            std::string::npos);
  EXPECT_NE(refusal(R"x({"pattern":"((((a{99}){99}){99}){99})"})x").find("cannot be used"),
            std::string::npos);
  EXPECT_NE(refusal("{\"allOf\":[" + many("true,", 10'000) + "true]}").find("more than 10000"),
            std::string::npos);
  for (const char* loop : {R"({"$ref":"#"})", R"({"allOf":[{"not":{"$ref":"#"}}]})",
                           R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},
                              "b":{"if":{"$ref":"#/$defs/a"}}}})",
                           R"({"dependentSchemas":{"a":{"$ref":"#"}}})"}) {
    EXPECT_NE(refusal(loop).find("leads back to itself"), std::string::npos) << loop;
  }
}

TEST(JsonSchema, WorkAndNestingAreBounded) {
  std::string doubling = R"({"$ref":"#/$defs/d0","$defs":{)";
  for (int i = 0; i < 40; ++i) {
    const std::string next = "{\"$ref\":\"#/$defs/d" + std::to_string(i + 1) + "\"}";
    doubling += "\"d" + std::to_string(i) + "\":{\"allOf\":[" + next + "," + next + "]},";
  }
  doubling += R"("d40":{"type":"object"}}})";
  EXPECT_NE(verdict(doubling, "{}").find("more than 1048576 steps"), std::string::npos);
  EXPECT_NE(verdict("{\"not\":" + doubling + "}", "{}"), "");
  const std::string endless = R"({"$dynamicAnchor":"a","$dynamicRef":"#a"})";
  EXPECT_NE(verdict(endless, "1").find("schemas within each other"), std::string::npos);
  EXPECT_NE(verdict(R"({"$id":"x:a","not":{"$dynamicRef":"#a"},"$dynamicAnchor":"a"})", "1"), "");
  const std::string deep = many("[", 500) + many("]", 500);
  EXPECT_EQ(verdict(R"({"items":{"$ref":"#"},"type":"array"})", deep), "");
}

TEST(JsonSchema, TakesNumbersForWhatTheyAre) {
  EXPECT_EQ(verdict(R"({"type":"integer"})", "1e400"), "");
  EXPECT_EQ(verdict(R"({"exclusiveMinimum":0})", "1e-400"), "");
  EXPECT_EQ(verdict(R"({"maximum":9007199254740992})", "9007199254740993"),
            "payload: expected at most 9007199254740992, got 9007199254740993 (#/maximum)");
  EXPECT_EQ(verdict(R"({"enum":[1,{"a":[2.0]}]})", R"({"a":[2]})"), "");
  EXPECT_EQ(verdict(R"({"uniqueItems":true})", R"([{"a":1,"b":2},{"b":2.0,"a":1e0}])"),
            "payload: expected no two equal elements, got an array (#/uniqueItems)");
  EXPECT_EQ(verdict(R"({"uniqueItems":true})", R"([0,false,"",null,[],{},[0],"0"])"), "");
  EXPECT_EQ(verdict("{}", R"({"a":{"b":1,"c":2,"b":1}})"), "/a/b: duplicate field");
}

TEST(JsonSchema, FlatOneIsTheFieldTable) {
  const Schema schema = with(R"({"type":"object","properties":{
      "t":{"type":"number","minimum":-1,"maximum":2,"description":"x"},
      "n":{"type":["integer","null"]},"on":{"$ref":"#/$defs/on"},
      "m":{"type":"string","enum":["a","b"],"minLength":1},"other":{},"list":{"type":"array"}},
      "required":["t"],"additionalProperties":true,"$defs":{"on":{"type":"boolean"}}})");
  ASSERT_EQ(schema.fields.size(), 4u);
  EXPECT_EQ(schema.fields[0].name, "t");
  EXPECT_TRUE(schema.fields[0].required);
  EXPECT_EQ(schema.fields[0].max, 2);
  EXPECT_TRUE(schema.fields[1].nullable);
  EXPECT_EQ(schema.fields[2].type, FieldType::boolean);
  EXPECT_FALSE(schema.fields[2].nullable);
  EXPECT_EQ(schema.fields[3].allowed.size(), 2u);
  EXPECT_NE(schema.json_schema, nullptr) << "list must be an array";

  const Schema flat = with(R"({"properties":{"t":{"type":"number"}},"required":["t"]})");
  EXPECT_EQ(flat.json_schema, nullptr);
  Schema none;
  EXPECT_FALSE(use_json_schema(R"({"properties":{"t":{"type":"array"}}})", none));
}

TEST(JsonSchema, ReferenceToTheRootAsksWhatFieldsCheck) {
  const Schema schema = with(R"({"properties":{"t":{"type":"number"},"in":{"$ref":"#"}},
      "required":["t"]})");
  EXPECT_EQ(decode_payload(schema, R"({"t":1,"in":{"t":2}})").fate, Fate::live);
  EXPECT_EQ(decode_payload(schema, R"({"t":1,"in":{}})").detail, "/in/t: missing (#/required)");
}

TEST(JsonSchema, BesideFieldsAllOfItIsChecked) {
  Schema schema;
  schema.fields = {{.name = "t"}};
  ASSERT_TRUE(use_json_schema(
      R"({"properties":{"t":{"maximum":5},"u":{"type":"string"}},"additionalProperties":false})",
      schema));
  ASSERT_EQ(schema.fields.size(), 1u);
  EXPECT_EQ(decode_payload(schema, R"({"t":1,"u":"x"})").fate, Fate::live);
  const OwnedRow row = decode_payload(schema, R"({"t":6})");
  EXPECT_EQ(row.fate, Fate::schema);
  EXPECT_EQ(row.detail, "/t: expected at most 5, got 6 (#/properties/t/maximum)");
  EXPECT_EQ(row.number(0), 6) << "as with a field's fault, what could be read is there";
  EXPECT_EQ(decode_payload(schema, R"({"t":1,"v":0})").detail,
            "/v: expected no value, got 0 (#/additionalProperties)");
}

TEST(JsonSchema, ManyValuesAreRejectedAndTheKeyIsKept) {
  Schema schema;
  schema.key = {FieldSource::Kind::payload, "id"};
  schema.fields = {{.name = "t", .required = false}};
  ASSERT_TRUE(use_json_schema(R"({"properties":{"a":{"items":{"type":"integer"}}}})", schema));
  const std::string full = R"({"a":[)" + many("1,", kTreeNodesMax) + R"(1],"id":"k"})";
  const OwnedRow row = decode_payload(schema, full);
  EXPECT_EQ(row.fate, Fate::schema);
  EXPECT_EQ(row.key, "k");
  EXPECT_NE(row.detail.find("less than 131072 values"), std::string::npos) << row.detail;
  EXPECT_EQ(decode_payload(schema, R"({"a":[1,)" + full.substr(6, 2000) + R"(1],"id":"k"})").fate,
            Fate::live);
  EXPECT_EQ(decode_payload(schema, R"({"a":[1,2,{]})").fate, Fate::malformed);
}

TEST(JsonSchema, CloudEventsAreJudgedByTheirData) {
  Schema schema;
  schema.fields = {{.name = "t", .required = false}};
  ASSERT_TRUE(use_json_schema(R"({"required":["u"]})", schema));
  const auto decode = [&](const std::string& data) {
    return decode_structured(
        schema, R"({"specversion":"1.0","type":"r","source":"/s","id":"1")" + data + "}");
  };
  EXPECT_EQ(decode(R"(,"data":{"u":1})").fate, Fate::live);
  EXPECT_EQ(decode(R"(,"data":{})").detail, "/u: missing (#/required)");
  EXPECT_EQ(decode("").detail, "payload: missing, expected an object");
  EXPECT_EQ(decode(R"(,"data_base64":"eyJ1IjoxfQ==")").fate, Fate::live);
  EXPECT_EQ(decode(R"(,"data_base64":"e30=")").detail, "/u: missing (#/required)");
}

}  // namespace
}  // namespace ouzel
