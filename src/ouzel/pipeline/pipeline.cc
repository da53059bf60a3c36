#include "ouzel/pipeline/pipeline.h"

#include <memory>
#include <set>
#include <utility>

#include "ouzel/base/check.h"
#include "ouzel/base/hash.h"
#include "ouzel/decode/decoder.h"
#include "ouzel/decode/event_record.h"
#include "ouzel/feature/feature_plan.h"
#include "ouzel/lane/key_table.h"
#include "ouzel/log/kafka/kafka_fields.h"
#include "ouzel/model/detector.h"
#include "ouzel/pipeline/assets.h"
#include "ouzel/pipeline/catalog.h"
#include "ouzel/pipeline/lint.h"
#include "ouzel/pipeline/pipeline_fields.h"
#include "ouzel/spec/echo.h"
#include "ouzel/spec/overlay.h"
#include "ouzel/spec/quantity.h"
#include "ouzel/spec/reader.h"

namespace ouzel {
namespace {

/// Bytes that the lane's tables hold beside a key's row (lane/key_table.h).
constexpr std::uint64_t kKeyOverhead = sizeof(KeyHeader) + 24;

std::uint64_t share(std::uint64_t total, std::uint64_t lanes) {
  return (total + lanes - 1) / lanes;
}

/// What stages may read before any stage has run.
std::set<std::string> decoded_columns(const Schema& schema) {
  std::set<std::string> out = {"time", "key", "id", "source"};
  for (const Field& field : schema.fields) out.insert(field.name);
  return out;
}

/// Each stage reads only what decode or an earlier stage adds, and no two add the same.
Result<void> check_wiring(const Schema& schema, const std::vector<std::unique_ptr<Stage>>& stages) {
  std::set<std::string> known = decoded_columns(schema);
  std::set<std::string> added;
  for (const auto& stage : stages) {
    const Wiring wiring = stage->wiring();
    const std::string name(stage->name());
    for (const std::string& column : wiring.reads) {
      if (known.contains(column)) continue;
      return fail(ErrorCode::config,
                  "wiring: " + name + " reads " + column + ", which nothing before it adds");
    }
    for (const std::string& column : wiring.adds) {
      if (!added.insert(column).second) {
        return fail(ErrorCode::config,
                    "wiring: " + name + " adds " + column + ", which another stage adds too");
      }
      known.insert(column);
    }
  }
  return {};
}

/// Of what the state depends on: the fields that say so, the shape of what tables add, and the
/// content of files other than tables and models.
std::string state_text(const Pipeline& pipeline, std::string fields) {
  for (std::size_t i = pipeline.schema.fields.size(); i < pipeline.enriched.fields.size(); ++i) {
    const Field& field = pipeline.enriched.fields[i];
    fields += "# enriched " + std::string(field.type == FieldType::string ? "string " : "number ") +
              field.name + "\n";
  }
  // A sequence model's file says what the vectors are that the state holds.
  const bool remembers = pipeline.model != nullptr && pipeline.model->plan().sequence;
  for (const PlanFile& file : pipeline.files) {
    const bool model = file.key.starts_with("model.") && !remembers;
    if (!file.key.starts_with("enrich.") && !model) fields += file_line(file);
  }
  return fields;
}

/// A canonical text, and how the stages lay out their state: a build that keeps it otherwise must
/// not read an older build's snapshots.
std::string with_layout(std::string text, const std::vector<std::unique_ptr<Stage>>& stages) {
  for (const auto& stage : stages) {
    const StateNeed need = stage->state_need();
    text.append("# ").append(stage->name()).append(" ");
    text.append(std::to_string(need.key_bytes)).append(" ");
    text.append(std::to_string(need.lane_bytes)).append("\n");
  }
  return text;
}

/// What decides which events come from Kafka and what they mean; of other sources nothing does. In
/// lines of comment: a plan that is kept can be read without a broker.
std::string kafka_text(const Pipeline& pipeline, const Node& root) {
  if (pipeline.kafka_source.topic.empty()) return {};
  const Node source = expand_shorthand(source_fields().table(), *root.find("source"));
  const std::string fields =
      echo(kafka_source_fields().table(), *source.find("kafka"), EchoPart::outcome);
  std::string out;
  for (std::size_t at = 0; at < fields.size(); at = fields.find('\n', at) + 1) {
    out += "# source.kafka " + fields.substr(at, fields.find('\n', at) + 1 - at);
  }
  return out;
}

/// Where the pipeline does not say from which score a row is odd, the model's card may.
void take_card_threshold(Node& root, LoadedPipeline& out, Findings& findings) {
  if (out.pipeline.model == nullptr || out.pipeline.model->decision_threshold() == 0) return;
  const Node* decide = root.find("decide");
  const auto given = [&](const char* key) { return decide != nullptr && decide->find(key); };
  if (given("threshold")) return;
  DecideSpec& spec = out.pipeline.decide;
  const bool lower_review = !given("review");
  spec.threshold = out.pipeline.model->decision_threshold();
  const std::string text = format_number(spec.threshold);
  apply(root, {.origin = "model card", .path = "decide.threshold", .value = text}, findings);
  if (!lower_review || spec.review <= spec.threshold) return;
  spec.review = spec.threshold;
  apply(root, {.origin = "model card", .path = "decide.review", .value = text}, findings);
}

}  // namespace

std::optional<LoadedPipeline> load_pipeline(const PipelineInput& input, Findings& findings) {
  const std::uint16_t source = findings.add_source(input.file);
  std::optional<Node> root = parse_document(input.text, source, findings);
  if (!root) return std::nullopt;
  for (const Override& change : input.overrides) apply(*root, change, findings);
  expand(*root, input.lookup, findings);
  LoadedPipeline out;
  out.pipeline.directory = input.directory;
  const Table& table = pipeline_fields().table();
  if (!input.laid_over.empty()) {
    const auto upper = parse_document(input.laid_over, findings.add_source("plan"), findings);
    if (!upper) return std::nullopt;
    lay_over(*root, *upper, table);
  }
  read(pipeline_fields(), *root, out.pipeline, findings);
  if (findings.empty()) {
    const std::string kafka = kafka_text(out.pipeline, *root);
    name_the_rest(out.pipeline.kafka_source, out.pipeline.name);
    load_assets(out.pipeline, input, *root, findings);
    out.pipeline.state_canonical =
        state_text(out.pipeline, echo(table, *root, EchoPart::state) + kafka);
    take_card_threshold(*root, out, findings);
    out.pipeline.canonical = echo(table, *root, EchoPart::outcome) + kafka;
    for (const PlanFile& file : out.pipeline.files) out.pipeline.canonical += file_line(file);
    out.effective = echo(table, *root);
  }
  if (findings.empty()) lint_pipeline(out.pipeline, *root, findings);
  findings.sort();
  if (!findings.empty()) return std::nullopt;
  return out;
}

Result<Pipeline> parse_pipeline(std::string_view text) {
  Findings findings;
  const auto nothing = [](const std::string&) { return std::optional<std::string>(); };
  auto loaded = load_pipeline({.file = "pipeline",
                               .text = std::string(text),
                               .directory = {},
                               .overrides = {},
                               .lookup = {.env = nothing, .file = nothing}},
                              findings);
  if (loaded) return std::move(loaded->pipeline);
  std::string all;
  for (const Finding& finding : findings.all()) {
    all += (all.empty() ? "" : "\n") + to_string(finding);
  }
  return fail(ErrorCode::config, std::move(all));
}

Result<Plan> make_plan(const Pipeline& pipeline) {
  OUZEL_TRY(const auto stages, make_stages(pipeline));
  OUZEL_TRY_VOID(check_wiring(pipeline.schema, stages));
  OUZEL_TRY(auto names, feature_names(pipeline.enriched, pipeline.features));
  const LimitsSpec& limits = pipeline.limits;
  OUZEL_CHECK(limits.partitions > 0);
  Plan plan;
  plan.pipeline = pipeline.name;
  plan.schema = pipeline.schema;
  plan.max_future = pipeline.time.max_future;
  plan.max_late = pipeline.time.max_late;
  plan.partitions = limits.partitions;
  plan.keys_max = share(limits.keys, limits.partitions);
  plan.duplicates_max = share(limits.duplicates, limits.partitions);
  plan.model_name = pipeline.model ? pipeline.model->name() : "detector";
  plan.model_version = pipeline.model ? pipeline.model->version() : 1;
  plan.threshold = pipeline.decide.threshold;
  plan.include_features = pipeline.decide.include_features;
  plan.feature_names = std::move(names);
  plan.reason_names = pipeline.model ? pipeline.model->column_names()
                                     : detector_reason_names(pipeline.enriched, pipeline.detector);
  plan.make_stages = [shared = std::make_shared<const Pipeline>(pipeline)] {
    auto made = ouzel::make_stages(*shared);
    OUZEL_CHECK(made.has_value());
    return std::move(*made);
  };
  plan.make_decoder = [schema = std::make_shared<const Schema>(pipeline.schema)] {
    auto decoder = std::make_shared<Decoder>(*schema);
    return [schema, decoder](std::string_view body, std::uint32_t rows, Batch& out) {
      return decode_frame(*decoder, *schema, body, rows, out);
    };
  };
  plan.text = with_layout(pipeline.canonical, stages);
  plan.files = pipeline.files;
  plan.hash = hash128(plan.text);
  plan.state_hash = hash128(with_layout(pipeline.state_canonical, stages));
  return plan;
}

Result<StateCost> state_cost(const Pipeline& pipeline) {
  OUZEL_TRY(const auto stages, make_stages(pipeline));
  StateCost cost;
  cost.key_bytes = kKeyOverhead;
  for (const auto& stage : stages) {
    cost.key_bytes += stage->state_need().key_bytes;
    cost.shared_bytes += stage->state_need().lane_bytes * pipeline.limits.partitions;
  }
  const std::uint64_t lanes = pipeline.limits.partitions;
  const std::uint64_t keys = share(pipeline.limits.keys, lanes) * lanes;
  cost.bytes_max = cost.key_bytes * keys + cost.shared_bytes;
  return cost;
}

}  // namespace ouzel
