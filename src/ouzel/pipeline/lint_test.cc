#include "ouzel/pipeline/lint.h"

#include <gtest/gtest.h>

#include <string>

#include "ouzel/log/kafka/kafka_library.h"
#include "ouzel/pipeline/pipeline.h"

namespace ouzel {
namespace {

/// Findings of a good file with one line replaced.
std::string lint_with(int line, const std::string& replacement) {
  std::string text =
      "name: press\n"                                                   // 1
      "schema:\n"                                                       // 2
      "  key: device_id\n"                                              // 3
      "  fields:\n"                                                     // 4
      "    temperature: {type: number, min: -40, max: 150}\n"           // 5
      "    mode: {type: string, enum: [idle, run], required: false}\n"  // 6
      "features:\n"                                                     // 7
      "  - {of: temperature, take: [mean, std], last: 16}\n"            // 8
      "model: detector\n"                                               // 9
      "decide: {threshold: 0.9, review: 0.6}\n"                         // 10
      "limits: {keys: 100}\n"                                           // 11
      "serve: {listen: \"127.0.0.1:8080\"}\n";                          // 12
  std::size_t begin = 0;
  for (int i = 1; i < line; ++i) begin = text.find('\n', begin) + 1;
  if (line > 0) text.replace(begin, text.find('\n', begin) - begin, replacement);
  const auto pipeline = parse_pipeline(text);
  return pipeline ? "" : pipeline.error().message;
}

TEST(Lint, TheFileItselfIsGood) { EXPECT_EQ(lint_with(0, ""), ""); }

struct Case {
  int line;
  const char* replacement;
  const char* findings;
};

class LintFindings : public testing::TestWithParam<Case> {};

TEST_P(LintFindings, AreExact) {
  EXPECT_EQ(lint_with(GetParam().line, GetParam().replacement), GetParam().findings);
}

INSTANTIATE_TEST_SUITE_P(
    Sections, LintFindings,
    testing::Values(
        Case{1, "name: a b",
             "pipeline:1:7: value: name: 'a b' is not a name of 1 to 64 letters, digits, '-', '_' "
             "and '.'"},
        Case{1, "# nameless",
             "pipeline:2:1: missing: name: must be given (add 'name: press-line'; Name of the "
             "pipeline, in outcomes and metrics)"},
        Case{1, "name: a: b", "pipeline:1:8: yaml: illegal map value"},
        Case{3, "  time: ts",
             "pipeline:3:3: missing: schema.key: must be given (add 'key: device_id'; What tells "
             "devices apart: a field of the payload, or ce.ATTRIBUTE)"},
        Case{3, "  key: nowhere.at.all",
             "pipeline:3:8: value: schema.key: 'nowhere.at.all' is not a top-level field of the "
             "payload, nor ce. and an attribute"},
        Case{3, "  key: ce.Sub-Ject",
             "pipeline:3:8: value: schema.key: 'ce.Sub-Ject' is not a CloudEvents attribute such "
             "as ce.subject"},
        Case{9, "model: oracle",
             "pipeline:9:8: unknown_key: model has no key 'oracle' (known: detector, onnx)"},
        Case{9, "model: {onnx: a.onnx}",
             "pipeline:9:15: onnx: cannot open a.onnx: No such file or directory"},
        Case{9, "enrich: [{table: /no/such.csv, key: device_id, add: site}]",
             "pipeline:9:18: table: cannot open /no/such.csv: No such file or directory"},
        Case{9, "enrich: [{table: a.csv, key: ce.subject, add: site}]",
             "pipeline:9:18: table: enrich: key: 'ce.subject' is no field of the schema, not its "
             "key device_id, nor ce.source or ce.id"},
        Case{9, "sinks: [{webhook: {url: x}}]",
             "pipeline:9:25: value: sinks[0].webhook.url: the value (a secret) is not a URL that "
             "begins with http:// or https://"},
        Case{9, "sinks: [{http: {url: 'http://a:99999/x'}}]",
             "pipeline:9:22: value: sinks[0].http.url: the value (a secret) has a port that is not "
             "1 to 65535"},
        Case{9, "sinks: [{http: {url: 'http://169.254.169.254/latest'}}]",
             "pipeline:9:9: sinks: the sink http: 169.254.169.254 is a link-local address (name it "
             "in allow if that is meant)"},
        Case{
            9, "sinks: [{http: {url: 'http://[::1]:1/x', dead_letter: 'http://[fe80::1]'}}]",
            "pipeline:9:9: sinks: the sink http: fe80::1 is a link-local address (name it in allow "
            "if that is meant)"},
        Case{
            9, "sinks: [{http: {url: 'http://a'}}, {http: {url: 'http://b'}}]",
            "pipeline:9:36: sinks: two sinks are called http: each needs a name of its own, as its "
            "cursor has (add name: to them)"},
        Case{9, "modle: detector",
             "pipeline:9:1: unknown_key: the pipeline has no key 'modle' (did you mean 'model'?)"},
        Case{10, "decide: {treshold: 0.9}",
             "pipeline:10:10: unknown_key: decide has no key 'treshold' (did you mean "
             "'threshold'?)"},
        Case{10, "decide: {threshold: 1.5}",
             "pipeline:10:21: range: decide.threshold: must be 0.001 to 1, got 1.5 (the scores of "
             "this "
             "model lie between 0 and 1)"},
        Case{10, "decide: {threshold: high}",
             "pipeline:10:21: type: decide.threshold: 'high' is not a number"},
        Case{10, "decide: {threshold: 0.5, review: 0.7}",
             "pipeline:10:34: thresholds: review is 0.7, above threshold 0.5 (a score that is "
             "reviewed lies below one that alerts)"},
        Case{10, "decide: {threshold: 0.5}",
             "pipeline:10:21: thresholds: review is 0.6, above threshold 0.5 (a score that is "
             "reviewed lies below one that alerts)"},
        Case{11, "time: {max_late: 1 fortnight}",
             "pipeline:11:18: unit: time.max_late: '1 fortnight' is not a duration such as 5ms, "
             "60s, 1h, 7d or PT1S"},
        Case{11, "limits: {keys: 4}",
             "pipeline:11:9: limits: keys and duplicates must be at least 8, one for each "
             "partition"},
        Case{11, "limits: {event_bytes: 2MiB, request_bytes: 1MiB}",
             "pipeline:11:23: limits: event_bytes is 2MiB, above request_bytes 1MiB (an event "
             "must fit into a request)"},
        Case{11, "limits: {partitions: 129}",
             "pipeline:11:22: range: limits.partitions: must be 1 to 128, got 129"},
        Case{12, "serve: {listen: \"0.0.0.0:8080\"}",
             "pipeline:12:17: value: serve.listen: '0.0.0.0:8080' can be reached from other "
             "machines; that needs TLS and tokens, which are not in this build"},
        Case{12, "serve: {listen: 8080}",
             "pipeline:12:17: value: serve.listen: '8080' is not an address and port such as "
             "127.0.0.1:8080"}));

INSTANTIATE_TEST_SUITE_P(
    Fields, LintFindings,
    testing::Values(
        Case{5, "    temperature: {type: number, min: 7, max: 5}",
             "pipeline:5:38: bounds: schema.fields.temperature: min is 7, above max 5"},
        Case{5, "    temperature: {type: number, enum: [a]}",
             "pipeline:5:39: not_for_type: schema.fields.temperature: enum is for a string only "
             "(remove it, or change the type)"},
        Case{5, "    temperature: {type: numbr}",
             "pipeline:5:25: unknown_value: schema.fields.temperature.type: 'numbr' is not known "
             "here (did you mean 'number'?)"},
        Case{5, "    temperature: {min: 0}",
             "pipeline:5:18: missing: schema.fields.temperature.type: must be given (add 'type: "
             "number'; Its JSON type)"},
        Case{6, "    mode: {type: string, max: 5}",
             "pipeline:6:31: not_for_type: schema.fields.mode: max is for a number only (remove "
             "it, or change the type)"},
        Case{6, "    mode: {type: string, pattern: '('}",
             "pipeline:6:35: value: schema.fields.mode.pattern: '(' is not a pattern that RE2 "
             "understands: missing ): ("},
        Case{6, "    mode: {type: string, length_min: 3, length_max: 2}",
             "pipeline:6:38: bounds: schema.fields.mode: length_min is 3, above length_max 2"},
        Case{6, "    mode: {type: string, max_length: 2}",
             "pipeline:6:26: unknown_key: schema.fields.mode has no key 'max_length' (known: type, "
             "unit, required, min, max, length_min, length_max, pattern, enum)"}));

INSTANTIATE_TEST_SUITE_P(
    Features, LintFindings,
    testing::Values(
        Case{8, "  - {of: temprature, take: [mean], last: 4}",
             "pipeline:8:10: unknown_field: the schema has no field 'temprature' (did you mean "
             "'temperature'?)"},
        Case{8, "  - {of: [temperature, mode], take: [mean], last: 4}",
             "pipeline:8:24: not_numeric: 'mode' is a string, not a number (known: temperature)"},
        Case{8, "  - {of: temperature, take: [mode], last: 4}",
             "pipeline:8:30: unknown_value: features[0].take: 'mode' is not known here (known: "
             "count, sum, mean, std, min, max, range, last, delta, rate, slope, ewma, zscore, "
             "quantile, distinct, lag, since, hour, weekday, one_hot, ordinal)"},
        Case{8, "  - {of: temperature, take: [slop], last: 4}",
             "pipeline:8:30: unknown_value: features[0].take: 'slop' is not known here (did you "
             "mean 'slope'?)"},
        Case{8, "  - {of: temperature, take: [median], last: 4}",
             "pipeline:8:30: unknown_value: features[0].take: 'median' is not known here (did you "
             "mean 'quantile'?)"},
        Case{8, "  - {of: temperature, take: [mean], last: 4, q: 0.9}",
             "pipeline:8:5: plan: features: `q` is of quantile: take it too, or remove `q`"},
        Case{8, "  - {of: temperature, take: [mean], last: 4, lag: 2}",
             "pipeline:8:5: plan: features: `lag` is of lag: take it too, or remove `lag`"},
        Case{8, "  - {of: temperature, take: mean, last: 4, zone: Europe/Berlin}",
             "pipeline:8:5: plan: features: `zone` is of hour and weekday: take one of them too, "
             "or remove `zone`"},
        Case{8, "  - {of: temperature, take: [mean]}",
             "pipeline:8:5: plan: features: just one of `last` and `over` is needed"},
        Case{8, "  - {of: temperature, take: [mean], last: 4, over: 5m}",
             "pipeline:8:5: plan: features: just one of `last` and `over` is needed"},
        Case{8, "  - {of: temperature, take: lag, last: 4}",
             "pipeline:8:5: plan: features: no function taken here looks at a window: remove "
             "`last` or `over`"},
        Case{
            8, "  - {of: temperature}",
            "pipeline:8:5: one_of: features[0]: needs just one of take or ratio or difference, got "
            "none"},
        Case{8, "  - {of: temperature, take: one_hot}",
             "pipeline:8:10: not_a_string: 'temperature' is a number, not a string (known: mode)"},
        Case{8, "  - {of: temperature, take: hour}",
             "pipeline:8:5: plan: features: \"hour\" is of the event's time: leave `of` out"},
        Case{8, "  - {take: hour, zone: Europe/Nowhere}",
             "pipeline:8:24: zone: no rules for the time zone 'Europe/Nowhere': "
             "cannot open /usr/share/zoneinfo/Europe/Nowhere: No such file or directory (the name "
             "is that of a "
             "file below /usr/share/zoneinfo/ (package tzdata))"},
        Case{8, "  - {take: hour, zone: ../../etc/passwd}",
             "pipeline:8:24: value: features[0].zone: '../../etc/passwd' is not the name of a time "
             "zone such as Europe/Berlin"},
        Case{8, "  - {ratio: [temperature, temprature]}",
             "pipeline:8:27: unknown_field: the schema has no field 'temprature' (did you mean "
             "'temperature'?)"},
        Case{8, "  - {difference: [temperature]}",
             "pipeline:8:18: range: features[0].difference: must have 2 to 2 items, got 1"},
        Case{8, "  - {of: temperature, take: [mean], last: 0}",
             "pipeline:8:43: range: features[0].last: must be 1 to 65535, got 0"},
        Case{8, "  - {of: temperature, take: [mean], last: 65536}",
             "pipeline:8:43: range: features[0].last: must be 1 to 65535, got 65536"},
        Case{8, "  - {of: temperature, take: [mean], over: 5}",
             "pipeline:8:43: unit: features[0].over: '5' is a duration without a unit; write 5s or "
             "5ms"},
        Case{8,
             "  - {of: temperature, take: [mean], last: 4}\n  - {of: temperature, take: mean, "
             "last: 4}",
             "pipeline:9:5: plan: features: \"temperature_mean_4\" is asked for twice"},
        Case{9, "model: {detector: {of: [temperature, nope]}}",
             "pipeline:9:38: unknown_field: the schema has no field 'nope' (known: temperature)"}));

/// What every pipeline with a Kafka source gets in a build without a client.
std::string without_client(const char* at) {
  if (kafka_built_in()) return "";
  return std::string("pipeline:") + at +
         ": not_in_build: source.kafka: this build has no Kafka client (make setup fetches it; "
         "then build again)";
}

TEST(Lint, ToKafkaAWayAndTopicsOfTheirOwn) {
  const std::string servers = "\nkafka: {bootstrap: {servers: \"k:9092\"}}";
  EXPECT_EQ(lint_with(9, "source: {kafka: {topic: t}}" + servers), without_client("9:17"));
  const std::string same =
      lint_with(9,
                "source: {kafka: {topic: press-journal, rejects: a, "
                "outcomes: a, registry: \"http://u:geheim@r/\"}}\nkafka: {client.id: a}");
  for (const char* finding :
       {"pipeline:10:8: missing: kafka.bootstrap.servers: must be given (add 'kafka: "
        "{bootstrap.servers: \"HOST:9092\"}' or set OUZEL_KAFKA_BOOTSTRAP_SERVERS)",
        "pipeline:9:49: duplicate_topic: source.kafka.rejects: 'a' is another of its topics "
        "already (each needs a topic of its own)",
        "source.kafka.registry: the URL holds a login (give it as registry_login, which is never "
        "printed)",
        ": duplicate_topic: source.kafka.journal: 'press-journal' is another of its topics"}) {
    EXPECT_NE(same.find(finding), std::string::npos) << same;
  }
  EXPECT_EQ(same.find("geheim"), std::string::npos);
}

TEST(Lint, WhatNoClientOfKafkaWouldTakeIsRefusedByLine) {
  if (!kafka_built_in()) GTEST_SKIP() << "no Kafka client in this build";
  const std::string why =
      ": setting: kafka: `retries` must be set >= 1 when `enable.idempotence` is true (librdkafka "
      "says so of a worker's clients; ouzel sets enable.idempotence, and transaction.timeout.ms to "
      "session.timeout.ms, or to 10000)";
  const std::string source = "source: {kafka: {topic: t}}\nkafka: {bootstrap.servers: \"k:9092\", ";
  EXPECT_EQ(lint_with(9, source + "retries: 0}"), "pipeline:10:47" + why);
  EXPECT_EQ(lint_with(9, source + "message: {send: {max: {retries: 0}}}}"), "pipeline:10:8" + why);
}

TEST(Lint, KafkaSourceIsExact) {
  EXPECT_EQ(lint_with(9, "source: {kafka: {topic: a/b, format: avro, registry: \"ftp://r\"}}"),
            "pipeline:9:25: value: source.kafka.topic: 'a/b' is not a topic of 1 to 249 letters, "
            "digits, '-', '_' and '.'\n"
            "pipeline:9:38: unknown_value: source.kafka.format: 'avro' is not known here (known: "
            "auto, json)\n"
            "pipeline:9:54: value: source.kafka.registry: 'ftp://r' is not a URL such as "
            "http://registry:8081");
  EXPECT_EQ(lint_with(9, "source: {kafka: {topic: t, registry_login: geheim}}"),
            "pipeline:9:44: value: source.kafka.registry_login: the value (a secret) is not "
            "user:password");
}

TEST(Lint, SaysAllThatIsWrong) {
  const auto pipeline = parse_pipeline(
      "schema: {key: id, fields: {x: {type: numbr}}}\nfeatures: [{of: x}]\ndecide: {hold_off: "
      "soon}\n");
  ASSERT_FALSE(pipeline);
  std::size_t lines = 1;
  for (const char c : pipeline.error().message) lines += c == '\n' ? 1 : 0;
  EXPECT_EQ(lines, 4U) << pipeline.error().message;
}

TEST(Lint, NoNumericFieldIsAFinding) {
  const auto pipeline = parse_pipeline("name: a\nschema: {key: id, fields: {x: string}}\n");
  ASSERT_FALSE(pipeline);
  EXPECT_NE(pipeline.error().message.find("plan:"), std::string::npos) << pipeline.error().message;
}

}  // namespace
}  // namespace ouzel
