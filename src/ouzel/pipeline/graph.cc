#include "ouzel/pipeline/graph.h"

#include <algorithm>
#include <map>

#include "ouzel/spec/quantity.h"

namespace ouzel {
namespace {

constexpr std::size_t kNameColumns = 10;

GraphStep decode_step(const Schema& schema) {
  GraphStep out{.name = "decode", .note = "types, checks by the schema", .reads = {}, .adds = {}};
  const auto is_field = [&](const std::string& name) {
    return std::any_of(schema.fields.begin(), schema.fields.end(),
                       [&](const Field& field) { return field.name == name; });
  };
  const auto from = [&](const FieldSource& source) {
    return source.kind == FieldSource::Kind::attribute ? "ce." + source.name : source.name;
  };
  out.reads = {from(schema.key)};
  if (schema.time.kind != FieldSource::Kind::none) out.reads.push_back(from(schema.time));
  for (const Field& field : schema.fields) {
    if (std::find(out.reads.begin(), out.reads.end(), field.name) == out.reads.end()) {
      out.reads.push_back(field.name);
    }
  }
  for (const char* always : {"id", "source", "key", "time"}) {
    if (!is_field(always)) out.adds.emplace_back(always);
  }
  for (const Field& field : schema.fields) out.adds.push_back(field.name);
  return out;
}

std::string stage_note(const Pipeline& pipeline, const Plan& plan, const std::string& stage) {
  if (stage == "feature") return format_count(plan.feature_names.size()) + " features of each key";
  if (stage == "decide") {
    return "threshold " + format_number(pipeline.decide.threshold) + ", hold_off " +
           format_duration(pipeline.decide.hold_off);
  }
  return stage == plan.model_name ? "the model" : "";
}

/// `label` and the words behind it, broken at the width.
void append_words(std::string& out, const std::string& label, const std::vector<std::string>& words,
                  std::size_t columns) {
  if (words.empty()) return;
  std::string line = std::string(kNameColumns + 2, ' ') + label;
  const std::string indent(line.size(), ' ');
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string word = words[i] + (i + 1 < words.size() ? "," : "");
    if (line.size() + 1 + word.size() > columns && line.size() > indent.size()) {
      out += line + "\n";
      line = indent;
    }
    line += " " + word;
  }
  out += line + "\n";
}

std::string dot_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + "\"";
}

std::string source_note(const Pipeline& pipeline) {
  const KafkaSourceSpec& kafka = pipeline.kafka_source;
  if (!kafka.topic.empty()) return "kafka: topic " + kafka.topic + ", group " + kafka.group;
  if (!pipeline.file.path.empty()) return "file: " + pipeline.file.path;
  return "http: POST /events at " + pipeline.serve.listen;
}

}  // namespace

Result<std::vector<GraphStep>> graph_steps(const Pipeline& pipeline) {
  OUZEL_TRY(const Plan plan, make_plan(pipeline));
  std::vector<GraphStep> out;
  const bool kafka = !pipeline.kafka_source.topic.empty();
  out.push_back({"source", source_note(pipeline), {}, {}});
  out.push_back(decode_step(pipeline.schema));
  out.push_back({"log",
                 (kafka ? "the topic's" : std::to_string(pipeline.limits.partitions)) +
                     " partitions, by murmur2 of key",
                 {"key"},
                 {}});
  for (const auto& stage : plan.make_stages()) {
    Wiring wiring = stage->wiring();
    const std::string name(stage->name());
    out.push_back(
        {name, stage_note(pipeline, plan, name), std::move(wiring.reads), std::move(wiring.adds)});
  }
  out.push_back({"commit",
                 "one outcome for each event, " +
                     (kafka ? "in topic " + pipeline.kafka_source.outcomes : "on disk"),
                 {"score", "label", "confidence", "route", "reasons"},
                 {"outcomes"}});
  for (const SinkSpec& sink : pipeline.sinks) {
    const std::string to =
        sink.kind() == SinkSpec::Kind::file ? sink.file.directory : origin_of(sink.receiver().url);
    out.push_back({"sink " + sink_name(sink), "to " + to, {"outcomes"}, {}});
  }
  return out;
}

std::string graph_text(const std::vector<GraphStep>& steps, std::size_t columns) {
  std::string out;
  for (const GraphStep& step : steps) {
    std::string name = step.name;
    name.resize(std::max(name.size(), kNameColumns), ' ');
    out += name + "  " + step.note;
    out.erase(out.find_last_not_of(' ') + 1);
    out += "\n";
    append_words(out, "reads", step.reads, columns);
    append_words(out, "adds ", step.adds, columns);
  }
  return out;
}

std::string graph_dot(const std::string& name, const std::vector<GraphStep>& steps) {
  std::string out = "digraph " + dot_quoted(name) + " {\n  rankdir=LR;\n  node [shape=box];\n";
  std::map<std::string, std::size_t> added;  // Which step a column comes from.
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const GraphStep& step = steps[i];
    out += "  " + dot_quoted(step.name) +
           (step.note.empty() ? "" : " [tooltip=" + dot_quoted(step.note) + "]") + ";\n";
    std::map<std::size_t, std::string> edges;
    if (i > 0) edges[i - 1];  // The event itself.
    for (const std::string& column : step.reads) {
      const auto from = added.find(column);
      if (from == added.end()) continue;
      std::string& label = edges[from->second];
      label += (label.empty() ? "" : ", ") + column;
    }
    for (const auto& [from, label] : edges) {
      out += "  " + dot_quoted(steps[from].name) + " -> " + dot_quoted(step.name) +
             (label.empty() ? "" : " [label=" + dot_quoted(label) + "]") + ";\n";
    }
    for (const std::string& column : step.adds) added[column] = i;
  }
  return out + "}\n";
}

}  // namespace ouzel
