#include "ouzel/pipeline/pipeline_fields.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ouzel/base/types.h"
#include "ouzel/decide/decide_fields.h"
#include "ouzel/decode/pattern.h"
#include "ouzel/egress/sink_fields.h"
#include "ouzel/enrich/enrich_fields.h"
#include "ouzel/feature/feature_fields.h"
#include "ouzel/log/kafka/kafka_fields.h"
#include "ouzel/pipeline/catalog.h"
#include "ouzel/pipeline/listen_address.h"

namespace ouzel {
namespace {

constexpr std::size_t kNameMax = 256;

std::string check_pipeline_name(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  const bool good = !name.empty() && name.size() <= 64 &&
                    name.find_first_not_of(kAllowed) == std::string_view::npos;
  return good ? "" : "is not a name of 1 to 64 letters, digits, '-', '_' and '.'";
}

std::string check_field_name(std::string_view name) {
  if (name.empty() || name.size() > kNameMax) return "is not a name of 1 to 256 bytes";
  return "";
}

FieldSource parse_source(const std::string& text) {
  if (text.starts_with("ce.")) return {FieldSource::Kind::attribute, text.substr(3)};
  return {FieldSource::Kind::payload, text};
}

std::string check_source(std::string_view text) {
  constexpr std::string_view kAttribute = "abcdefghijklmnopqrstuvwxyz0123456789";
  if (text.starts_with("ce.")) {
    const std::string_view name = text.substr(3);
    const bool good = !name.empty() && name.find_first_not_of(kAttribute) == std::string_view::npos;
    return good ? "" : "is not a CloudEvents attribute such as ce.subject";
  }
  if (text.find('.') != std::string_view::npos) {
    return "is not a top-level field of the payload, nor ce. and an attribute";
  }
  return check_field_name(text);
}

std::string check_pattern(std::string_view pattern) {
  const std::string wrong = pattern_error(pattern);
  return wrong.empty() ? "" : "is not a pattern that RE2 understands: " + wrong;
}

std::string check_listen(std::string_view text) {
  const auto parsed = parse_listen(text);
  return parsed ? "" : parsed.error().message;
}

TableOf<Field> field_fields() {
  TableOf<Field> table("field", "One field of the payload.");
  const std::vector<std::pair<FieldType, Word>> types = {
      {FieldType::number, {"number", "any number"}},
      {FieldType::integer, {"integer", "a number without a fraction"}},
      {FieldType::boolean, {"boolean", "true or false; 1 or 0 in features"}},
      {FieldType::string, {"string", "text"}}};
  table
      .word("type", &Field::type, types,
            {.help = "Its JSON type", .required = true, .example = "number"})
      .text("unit", &Field::unit,
            {.help = "Unit, for people", .example = "celsius", .operational = true})
      .boolean("required", &Field::required,
               {.help = "An event without it is rejected", .initial = "true"})
      .number("min", &Field::min, {.help = "Smallest number allowed"})
      .number("max", &Field::max, {.help = "Largest number allowed"})
      .integer("length_min", &Field::length_min, {.help = "Fewest characters allowed"})
      .integer("length_max", &Field::length_max, {.help = "Most characters allowed"})
      .text("pattern", &Field::pattern,
            {.help = "RE2 expression that must be found in the text; ^ and $ anchor it",
             .example = "^[a-z]+$",
             .check = check_pattern})
      .texts("enum", &Field::allowed,
             {.help = "The texts allowed; left out: any",
              .min = "1",
              .max = "1000",
              .example = "[idle, run]"})
      .shorthand("type")
      .example("{type: number, unit: celsius, min: -40, max: 150}")
      .example("number");
  return table;
}

TableOf<Schema> schema_fields() {
  TableOf<Schema> table("schema", "What an event's payload must look like.");
  table
      .text("key", [](Schema& schema, const std::string& text) { schema.key = parse_source(text); },
            {.help = "What tells devices apart: a field of the payload, or ce.ATTRIBUTE",
             .required = true,
             .example = "device_id",
             .check = check_source})
      .text("time",
            [](Schema& schema, const std::string& text) { schema.time = parse_source(text); },
            {.help = "Event time: a field of the payload, or ce.ATTRIBUTE. Left out: ce.time, and "
                     "without that the time of acceptance (of ouzel score: 1970)",
             .example = "ts",
             .check = check_source})
      .map("fields", &Schema::fields, &Field::name, field_fields(),
           {.help = "Fields of the payload by name; others are let through unread. Left out: the "
                    "scalar properties of json_schema",
            .min = "1",
            .max = "256",
            .example = "{temperature: number}",
            .check = check_field_name})
      .text("json_schema", &Schema::json_schema_file,
            {.help = "File with a JSON Schema (2020-12) that the payload must meet, beside fields "
                     "or in place of them; relative to this file",
             .example = "press.schema.json"})
      .example(
          "key: device_id\ntime: ts\nfields:\n  temperature: {type: number, max: 150}\n"
          "  mode: {type: string, enum: [idle, run], required: false}");
  return table;
}

TableOf<TimeSpec> time_fields() {
  TableOf<TimeSpec> table("time", "How wrong an event's clock may be.");
  table
      .duration("max_future", &TimeSpec::max_future,
                {.help = "Further ahead of its acceptance an event is rejected: clock_ahead",
                 .initial = "5m",
                 .min = "0s",
                 .max = "3650d"})
      .duration("max_late", &TimeSpec::max_late,
                {.help = "Further behind the newest event of its key it is rejected: too_late",
                 .initial = "1h",
                 .min = "0s",
                 .max = "3650d"})
      .example("{max_future: 5m, max_late: 1h}");
  return table;
}

TableOf<LimitsSpec> limits_of_state() {
  TableOf<LimitsSpec> table("limits", "Bounds of everything that could grow.");
  table
      .integer("partitions", &LimitsSpec::partitions,
               {.help = "Lanes that work side by side; fixed once a data directory is made",
                .initial = "8",
                .min = "1",
                .max = std::to_string(kPartitionsMax)})
      .integer("keys", &LimitsSpec::keys,
               {.help = "Keys with state; beyond, the least recently seen one loses its own",
                .initial = "1000000",
                .min = "1",
                .max = "1000000000"});
  return table;
}

/// What the engine holds and keeps; no outcome depends on these.
void add_operational_limits(TableOf<LimitsSpec>& table) {
  table
      .integer("duplicates", &LimitsSpec::duplicates,
               {.help = "Accepted events remembered to find duplicates",
                .initial = "500000",
                .min = "1",
                .max = "1000000000",
                .operational = true})
      .integer("in_flight", &LimitsSpec::in_flight,
               {.help = "Events accepted and not yet scored; beyond, senders are told to wait",
                .initial = "200000",
                .min = "1",
                .max = "100000000",
                .operational = true})
      .size("request_bytes", &LimitsSpec::request_bytes,
            {.help = "Largest body of a request",
             .initial = "16MiB",
             .min = "1KiB",
             .max = "256MiB",
             .operational = true})
      .integer("connections", &LimitsSpec::connections,
               {.help = "HTTP connections at a time",
                .initial = "4096",
                .min = "1",
                .max = "65536",
                .operational = true})
      .duration("retention", &LimitsSpec::retention,
                {.help = "Events and outcomes are kept at least so long",
                 .initial = "7d",
                 .min = "1m",
                 .max = "3650d",
                 .operational = true})
      .size("log_bytes", &LimitsSpec::log_bytes,
            {.help = "Beyond it the oldest go earlier than retention says; 0: no such limit",
             .initial = "0",
             .operational = true})
      .size("segment_bytes", &LimitsSpec::segment_bytes,
            {.help = "Largest segment file of the log",
             .initial = "64MiB",
             .min = "64KiB",
             .max = "1GiB",
             .operational = true})
      .size("snapshot_bytes", &LimitsSpec::snapshot_bytes,
            {.help = "Log written between two snapshots, or an eighth of the state if that is "
                     "more; a restart replays at most about this",
             .initial = "64MiB",
             .min = "64KiB",
             .max = "16GiB",
             .operational = true})
      .size("backlog_bytes", &LimitsSpec::backlog_bytes,
            {.help = "Log kept for a sink that is behind; beyond, it passes a gap and says so",
             .initial = "4GiB",
             .min = "1MiB",
             .operational = true})
      .size("dead_letter_bytes", &LimitsSpec::dead_letter_bytes,
            {.help = "Dead letters kept of one sink; beyond, the oldest go",
             .initial = "64MiB",
             .min = "64KiB",
             .operational = true});
}

void add_table_limits(TableOf<LimitsSpec>& table) {
  table
      .integer("table_rows", &LimitsSpec::table_rows,
               {.help = "Most rows of a lookup table",
                .initial = "1000000",
                .min = "1",
                .max = "100000000",
                .operational = true})
      .size("table_bytes", &LimitsSpec::table_bytes,
            {.help = "Largest file of a lookup table",
             .initial = "64MiB",
             .min = "1KiB",
             .max = "1GiB",
             .operational = true});
}

/// The limits that decode obeys.
TableOf<Schema> limits_of_events() {
  TableOf<Schema> table("limits", "");
  table
      .size("event_bytes", &Schema::event_bytes_max,
            {.help = "Largest event", .initial = "1MiB", .min = "64", .max = "16MiB"})
      .integer("depth", &Schema::depth_max,
               {.help = "Deepest nesting of an event's JSON",
                .initial = "64",
                .min = "1",
                .max = "512"});
  return table;
}

TableOf<Pipeline> limits_fields() {
  TableOf<LimitsSpec> limits = limits_of_state();
  add_operational_limits(limits);
  add_table_limits(limits);
  TableOf<Pipeline> table("limits", limits.table().help);
  table.include(&Pipeline::limits, limits)
      .include(&Pipeline::schema, limits_of_events())
      .example("{keys: 10000, event_bytes: 64KiB, retention: 30d}");
  return table;
}

TableOf<ServeSpec> serve_fields() {
  TableOf<ServeSpec> table("serve", "The one port for events, API, metrics and health.");
  table
      .text("listen", &ServeSpec::listen,
            {.help = "Address and port; port 0 takes any free one",
             .initial = "127.0.0.1:8080",
             .check = check_listen,
             .operational = true})
      .duration(
          "shutdown_delay", &ServeSpec::shutdown_delay,
          {.help = "After a signal, how long /readyz says 503 before the port closes, so that "
                   "a load balancer sends nothing more",
           .initial = "0s",
           .min = "0s",
           .max = "1m",
           .operational = true})
      .example("{listen: \"127.0.0.1:8080\"}");
  return table;
}

TableOf<Pipeline> make_pipeline_fields() {
  TableOf<Pipeline> table("pipeline", "A pipeline file.");
  table
      .text("name", &Pipeline::name,
            {.help = "Name of the pipeline, in outcomes and metrics",
             .required = true,
             .example = "press-line",
             .check = check_pipeline_name,
             .stateless = true})
      .section("source", source_fields(), {.initial = "http", .operational = true})
      .section("schema", &Pipeline::schema, schema_fields(), {.required = true})
      .section("time", &Pipeline::time, time_fields())
      .list("enrich", &Pipeline::enrich, enrich_fields(),
            {.help = "Tables that add columns to each event", .max = "16"})
      .list("features", &Pipeline::features, feature_fields(),
            {.help = "Rolling statistics for each key, and functions of a row", .max = "64"})
      .section("model", model_fields(), {.initial = "detector"})
      .section("decide", &Pipeline::decide, decide_fields(), {.stateless = true})
      .list("sinks", &Pipeline::sinks, sink_fields(),
            {.help = "Where outcomes are sent", .max = "32", .operational = true})
      .absent("learn", "retraining")
      .absent("watch", "drift and alarms")
      .section("limits", limits_fields())
      .include(&Pipeline::kafka, kafka_fields())
      .section("serve", &Pipeline::serve, serve_fields())
      .example(
          "name: line\nschema: {key: id, fields: {x: number}}\n"
          "features: [{of: x, take: mean, last: 8}]");
  return table;
}

}  // namespace

const TableOf<Pipeline>& pipeline_fields() {
  static const TableOf<Pipeline> table = make_pipeline_fields();
  return table;
}

}  // namespace ouzel
