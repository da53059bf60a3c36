// Not a test: measures. Run with --gtest_also_run_disabled_tests --gtest_filter='*Speed*'.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/random.h"
#include "ouzel/decode/decoder.h"
#include "ouzel/decode/json_schema.h"
#include "ouzel/decode/split.h"

namespace ouzel {
namespace {

constexpr std::size_t kEvents = 4096;
constexpr int kRounds = 60;

Schema schema_of_eight() {
  Schema schema;
  schema.key = {FieldSource::Kind::payload, "device_id"};
  schema.time = {FieldSource::Kind::payload, "ts"};
  for (const char* name : {"temperature", "pressure", "vibration", "humidity", "current"}) {
    schema.fields.push_back({.name = name, .min = -1000, .max = 1000});
  }
  schema.fields.push_back(
      {.name = "mode", .type = FieldType::string, .allowed = {"idle", "run", "clean"}});
  return schema;
}

std::string payload(Random& random) {
  char text[512];
  std::snprintf(text, sizeof(text),
                "{\"device_id\":\"press-%04u\",\"ts\":\"2026-03-01T08:%02u:%02u.%03uZ\","
                "\"temperature\":%.3f,\"pressure\":%.3f,\"vibration\":%.4f,\"humidity\":%.2f,"
                "\"current\":%.3f,\"mode\":\"run\"}",
                static_cast<unsigned>(random.below(2000)), static_cast<unsigned>(random.below(60)),
                static_cast<unsigned>(random.below(60)), static_cast<unsigned>(random.below(1000)),
                60 + random.normal(), 5 + random.normal(), 0.4 + 0.01 * random.normal(),
                40 + random.normal(), 12 + random.normal());
  return text;
}

std::string cloud_event(Random& random, std::size_t number) {
  return "{\"specversion\":\"1.0\",\"id\":\"" + std::to_string(number) +
         "\",\"source\":\"/sim/"
         "press-0001\",\"type\":\"reading\",\"time\":\"2026-03-01T08:00:00.120Z\","
         "\"data\":" +
         payload(random) + "}";
}

void measure(const char* what, const Schema& schema, EventForm form,
             const std::vector<std::string>& events) {
  SystemClock clock;
  Decoder decoder(schema);
  Batch batch;
  std::size_t bytes = 0;
  for (const auto& event : events) bytes += event.size() - kDecodePadding;
  double best_decode = 1e9;
  double best_both = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    for (const bool both : {false, true}) {
      reset(batch, schema);
      const SteadyTime begin = clock.steady();
      for (const auto& event : events) {
        const DecodedRow& row =
            decoder.decode({form, "/gateway", "id-1", ""},
                           std::string_view(event).substr(0, event.size() - kDecodePadding));
        if (both) append(batch, row);
        ASSERT_EQ(row.fate, Fate::live) << row.detail;
      }
      const double ns = static_cast<double>((clock.steady() - begin).count()) / kEvents;
      double& best = both ? best_both : best_decode;
      best = std::min(best, ns);
    }
  }
  std::printf("%s: %zu bytes, decode %.0f ns, decode + append %.0f ns\n", what,
              bytes / events.size(), best_decode, best_both);
}

TEST(DecodeSpeed, DISABLED_PayloadAndCloudEvent) {
  Schema schema = schema_of_eight();
  Random random(1);
  std::vector<std::string> payloads;
  std::vector<std::string> cloud_events;
  const std::string padding(kDecodePadding, ' ');
  for (std::size_t i = 0; i < kEvents; ++i) payloads.push_back(payload(random) + padding);
  for (std::size_t i = 0; i < kEvents; ++i)
    cloud_events.push_back(cloud_event(random, i) + padding);
  measure("payload", schema, EventForm::payload, payloads);
  measure("cloudevent", schema, EventForm::structured, cloud_events);
}

/// The schema of eight members: as fields, as a flat JSON Schema, with one rule that no field has,
/// and with a nested object that is checked too.
TEST(DecodeSpeed, DISABLED_JsonSchema) {
  const std::string number = R"({"type":"number","minimum":-1000,"maximum":1000})";
  std::string properties = R"("device_id":{"type":"string"},"ts":{"type":"string"})";
  for (const char* name : {"temperature", "pressure", "vibration", "humidity", "current"}) {
    properties += ",\"" + std::string(name) + "\":" + number;
  }
  properties += R"(,"mode":{"type":"string","enum":["idle","run","clean"]})";
  const std::string closed = R"(},"additionalProperties":false,"required":["temperature","mode"]})";
  const std::string nozzle = R"({"type":"object","properties":{"id":{"type":"integer"},"t":)" +
                             number + R"(},"required":["id","t"]})";
  Random random(1);
  std::vector<std::string> flat;
  std::vector<std::string> nested;
  const std::string padding(kDecodePadding, ' ');
  for (std::size_t i = 0; i < kEvents; ++i) {
    const std::string event = payload(random);
    flat.push_back(event + padding);
    nested.push_back(event.substr(0, event.size() - 1) +
                     R"(,"nozzles":[{"id":1,"t":20.5},{"id":2,"t":21.5},{"id":3,"t":22.5}]})" +
                     padding);
  }
  const auto judge = [&](const char* what, const std::string& text, const auto& events) {
    Schema schema;
    schema.key = {FieldSource::Kind::payload, "device_id"};
    schema.time = {FieldSource::Kind::payload, "ts"};
    const auto used = use_json_schema(text, schema);
    ASSERT_TRUE(used) << used.error().message;
    measure(what, schema, EventForm::payload, events);
  };
  measure("fields", schema_of_eight(), EventForm::payload, flat);
  judge("flat JSON Schema", "{\"properties\":{" + properties + "}}", flat);
  judge("closed JSON Schema", "{\"properties\":{" + properties + closed, flat);
  measure("nested, fields only", schema_of_eight(), EventForm::payload, nested);
  judge("nested JSON Schema",
        "{\"properties\":{" + properties + R"(,"nozzles":{"type":"array","items":)" + nozzle + "}" +
            closed,
        nested);
}

TEST(DecodeSpeed, DISABLED_Split) {
  SystemClock clock;
  Random random(2);
  std::string lines;
  std::string array = "[";
  std::string payload_lines;
  for (std::size_t i = 0; i < kEvents; ++i) {
    const std::string event = cloud_event(random, i);
    lines += event + "\n";
    array += (i == 0 ? "" : ",") + event;
    payload_lines += payload(random) + "\n";
  }
  array += "]" + std::string(kDecodePadding, ' ');
  const auto time = [&](const char* what, const auto& work) {
    double best = 1e9;
    for (int round = 0; round < kRounds; ++round) {
      const SteadyTime begin = clock.steady();
      work();
      best = std::min(best, static_cast<double>((clock.steady() - begin).count()) / kEvents);
    }
    std::printf("%s: %.0f ns an event\n", what, best);
  };
  std::size_t found = 0;
  const auto count = [&](std::size_t, std::string_view) { ++found; };
  const auto judge = [&](std::size_t, std::string_view line) {
    found += looks_like_cloudevent(line);
  };
  time("split_lines", [&] { split_lines(lines, count); });
  time("split_lines, looks_like_cloudevent: yes", [&] { split_lines(lines, judge); });
  time("split_lines, looks_like_cloudevent: no", [&] { split_lines(payload_lines, judge); });
  time("split_array", [&] { (void)split_array(array, count); });
  std::printf("%zu\n", found);
}

}  // namespace
}  // namespace ouzel
