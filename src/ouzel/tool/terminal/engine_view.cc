#include "ouzel/tool/terminal/engine_view.h"

#include <simdjson.h>

#include "ouzel/decode/timestamp.h"

namespace ouzel {
namespace {

using simdjson::dom::element;

/// Each getter leaves `out` as it is where there is no such member of that type.
void get(element from, std::string_view name, std::string& out) {
  std::string_view text;
  if (from[name].get(text) == simdjson::SUCCESS) out = text;
}
void get(element from, std::string_view name, std::uint64_t& out) {
  std::uint64_t number = 0;
  if (from[name].get(number) == simdjson::SUCCESS) out = number;
}
void get(element from, std::string_view name, double& out) {
  double number = 0;
  if (from[name].get(number) == simdjson::SUCCESS) out = number;
}
void get(element from, std::string_view name, EventTime& out) {
  std::string_view text;
  if (from[name].get(text) != simdjson::SUCCESS) return;
  const Timestamp time = parse_rfc3339(text);
  if (time.state == Timestamp::State::good) out = time.time;
}
/// The member of that name, or `from` itself.
element inside(element from, std::string_view name) {
  element member;
  return from[name].get(member) == simdjson::SUCCESS ? member : from;
}

Result<element> parse(simdjson::dom::parser& parser, std::string_view json) {
  element out;
  const auto error = parser.parse(json.data(), json.size(), true).get(out);
  if (error == simdjson::SUCCESS) return out;
  return fail(ErrorCode::corrupt, std::string("not JSON: ") + simdjson::error_message(error));
}

void read_model(element from, std::string& out) {
  get(from, "model", out);
  element model;
  if (from["model"].get(model) != simdjson::SUCCESS) return;
  std::uint64_t version = 0;
  get(model, "name", out);
  get(model, "version", version);
  if (version > 0) out += " v" + std::to_string(version);
}

void read_lanes(element root, std::vector<LaneView>& out) {
  simdjson::dom::array lanes;
  if (root["lanes"].get(lanes) != simdjson::SUCCESS) return;
  for (const element lane : lanes) {
    LaneView& view = out.emplace_back();
    get(lane, "partition", view.partition);
    get(lane, "state", view.state);
    get(lane, "why", view.why);
    get(lane, "accepted", view.accepted);
    get(lane, "scored", view.scored);
    get(lane, "rejected", view.rejected);
    get(lane, "in_flight", view.in_flight);
    get(lane, "keys", view.keys);
    get(lane, "keys_max", view.keys_max);
    get(lane, "newest_event_s", view.newest_event_s);
  }
}

void read_stages(element root, std::vector<StageView>& out) {
  simdjson::dom::object stages;
  if (root["stages_ms"].get(stages) != simdjson::SUCCESS) return;
  for (const auto& [name, stage] : stages) {
    StageView& view = out.emplace_back();
    view.name = name;
    get(stage, "count", view.count);
    get(stage, "p50", view.p50_ms);
    get(stage, "p90", view.p90_ms);
    get(stage, "p99", view.p99_ms);
  }
}

FieldSource read_source(element root, std::string_view name) {
  FieldSource out;
  get(root, name, out.name);
  // An attribute is no column of a file: nothing more need be known of it.
  if (!out.name.empty() && !out.name.starts_with("ce.")) out.kind = FieldSource::Kind::payload;
  return out;
}

std::optional<FieldType> field_type(element field) {
  std::string name;
  get(field, "type", name);
  for (const auto& [word, type] :
       {std::pair("number", FieldType::number), std::pair("integer", FieldType::integer),
        std::pair("boolean", FieldType::boolean), std::pair("string", FieldType::string)}) {
    if (name == word) return type;
  }
  return std::nullopt;
}

OutcomeView read_outcome(element event) {
  OutcomeView out;
  const element data = inside(event, "data");
  const element about = inside(data, "event");
  get(about, "key", out.key);
  get(about, "time", out.time_text);
  get(about, "time", out.time);
  get(data, "label", out.label);
  get(data, "route", out.route);
  get(data, "score", out.score);
  get(data, "confidence", out.confidence);
  simdjson::dom::array reasons;
  if (data["reasons"].get(reasons) != simdjson::SUCCESS) return out;
  for (const element reason : reasons) {
    auto& [name, weight] = out.reasons.emplace_back();
    get(reason, "feature", name);
    get(reason, "weight", weight);
  }
  return out;
}

}  // namespace

Result<StatusView> read_status(std::string_view json) {
  simdjson::dom::parser parser;
  OUZEL_TRY(const element root, parse(parser, json));
  StatusView out;
  get(root, "pipeline", out.pipeline);
  read_model(root, out.model);
  get(root, "accepted", out.accepted);
  get(root, "scored", out.scored);
  get(root, "rejected", out.rejected);
  get(root, "in_flight", out.in_flight);
  get(root, "late", out.late);
  get(root, "alerts", out.alerts);
  get(root, "duplicates", out.duplicates);
  get(root, "refused", out.refused);
  get(root, "keys", out.keys);
  get(root, "uptime_s", out.uptime_s);
  const element latency = inside(root, "latency_ms");
  get(latency, "p50", out.latency_p50_ms);
  get(latency, "p90", out.latency_p90_ms);
  get(latency, "p99", out.latency_p99_ms);
  const element sync = inside(root, "sync_ms");
  get(sync, "p50", out.sync_p50_ms);
  get(sync, "p99", out.sync_p99_ms);
  get(inside(root, "log"), "bytes", out.log_bytes);
  const element rows = inside(root, "batch_rows");
  get(rows, "p50", out.batch_rows_p50);
  get(rows, "p99", out.batch_rows_p99);
  read_lanes(root, out.lanes);
  read_stages(root, out.stages);
  return out;
}

Result<OutcomesView> read_outcomes(std::string_view json) {
  simdjson::dom::parser parser;
  OUZEL_TRY(const element root, parse(parser, json));
  OutcomesView out;
  get(root, "next", out.next);
  simdjson::dom::array list;
  if (root["outcomes"].get(list) != simdjson::SUCCESS) return out;
  for (const element one : list) out.outcomes.push_back(read_outcome(one));
  return out;
}

Result<LinesView> read_lines(const std::string& topic, std::string_view json) {
  simdjson::ondemand::parser parser;
  const simdjson::padded_string text(json);
  LinesView out;
  const auto read = [&]() -> simdjson::error_code {
    simdjson::ondemand::document document;
    simdjson::ondemand::array list;
    std::string_view value;
    if (const auto error = parser.iterate(text).get(document)) return error;
    if (const auto error = document[topic].get_array().get(list)) return error;
    for (auto line : list) {
      if (const auto error = simdjson::to_json_string(line).get(value)) return error;
      out.lines.emplace_back(value);
    }
    if (const auto error = document["next"].get_string().get(value)) return error;
    out.next = value;
    if (document["damage"].get_array().get(list)) return simdjson::SUCCESS;
    for (auto what : list) {
      if (const auto error = what.get_string().get(value)) return error;
      out.damage.emplace_back(value);
    }
    return simdjson::SUCCESS;
  };
  if (const auto error = read()) {
    return fail(ErrorCode::corrupt, "the engine's answer is no page of " + topic + ": " +
                                        simdjson::error_message(error));
  }
  return out;
}

std::optional<Schema> read_schema(std::string_view json) {
  simdjson::dom::parser parser;
  const auto root = parse(parser, json);
  simdjson::dom::array fields;
  if (!root || (*root)["fields"].get(fields) != simdjson::SUCCESS) return std::nullopt;
  Schema out{.key = read_source(*root, "key"), .time = read_source(*root, "time")};
  for (const element one : fields) {
    Field field;
    get(one, "name", field.name);
    const auto type = field_type(one);
    if (field.name.empty() || !type) return std::nullopt;
    field.type = *type;
    out.fields.push_back(std::move(field));
  }
  return out;
}

std::string read_problem(const std::string& body) {
  simdjson::dom::parser parser;
  std::string out = body;
  if (const auto root = parse(parser, body)) get(*root, "detail", out);
  return out;
}

std::optional<TruthView> read_truth(std::string_view line) {
  simdjson::dom::parser parser;
  const auto root = parse(parser, line);
  if (!root) return std::nullopt;
  TruthView out;
  get(*root, "key", out.key);
  get(*root, "episode", out.episode);
  get(*root, "kind", out.kind);
  get(*root, "time", out.time);
  if (out.key.empty() || out.episode.empty()) return std::nullopt;
  return out;
}

}  // namespace ouzel
