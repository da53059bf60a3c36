#include "ouzel/pipeline/catalog.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "ouzel/decide/decide_fields.h"
#include "ouzel/decide/decide_stage.h"
#include "ouzel/egress/sink_fields.h"
#include "ouzel/enrich/enrich_fields.h"
#include "ouzel/enrich/enrich_stage.h"
#include "ouzel/feature/feature_fields.h"
#include "ouzel/feature/feature_stage.h"
#include "ouzel/gateway/file_source_fields.h"
#include "ouzel/log/kafka/kafka_fields.h"
#include "ouzel/model/detector.h"
#include "ouzel/model/detector_fields.h"
#include "ouzel/model/onnx_fields.h"
#include "ouzel/model/onnx_stage.h"

namespace ouzel {
namespace {

constexpr const char* kHttpHelp = "Events come in by POST /events.";

TableOf<Pipeline> http_fields() { return TableOf<Pipeline>("http", kHttpHelp).example("{}"); }

Result<std::unique_ptr<Stage>> make_model_stage(const Pipeline& pipeline) {
  if (pipeline.model != nullptr) return std::make_unique<OnnxStage>(pipeline.model);
  if (!pipeline.onnx.file.empty()) {
    return fail(ErrorCode::config, "model.onnx: the model is not loaded");
  }
  OUZEL_TRY(auto detector, DetectorStage::make(pipeline.enriched, pipeline.detector));
  return detector;
}

}  // namespace

const std::vector<Component>& components() {
  static const std::vector<Component> list = [] {
    std::vector<Component> out;
    const auto add = [&](const char* kind, const Table& table) {
      out.push_back({kind, table.name, table.help, table});
    };
    add("source", http_fields().table());
    add("source", kafka_source_fields().table());
    add("source", file_source_fields().table());
    add("enrich", enrich_fields().table());
    add("features", feature_fields().table());
    add("model", detector_fields().table());
    add("model", onnx_fields().table());
    add("decide", decide_fields().table());
    add("sinks", webhook_fields().table());
    add("sinks", http_sink_fields().table());
    add("sinks", file_sink_fields().table());
    return out;
  }();
  return list;
}

TableOf<Pipeline> source_fields() {
  TableOf<Pipeline> table("source", "Where events come from.");
  table.section("http", http_fields())
      .section("kafka", &Pipeline::kafka_source, kafka_source_fields())
      .section("file", &Pipeline::file, file_source_fields())
      .absent("mqtt", "an MQTT broker as the source")
      .shorthand("*")
      .one_of({"http", "kafka", "file"});
  return table;
}

TableOf<Pipeline> model_fields() {
  TableOf<Pipeline> table("model", "What gives each event its score.");
  table.section("detector", &Pipeline::detector, detector_fields())
      .section("onnx", &Pipeline::onnx, onnx_fields())
      .shorthand("*")
      .one_of({"detector", "onnx"});
  return table;
}

Result<std::vector<std::unique_ptr<Stage>>> make_stages(const Pipeline& pipeline) {
  std::vector<std::unique_ptr<Stage>> stages;
  if (!pipeline.enrich.empty()) {
    OUZEL_TRY(auto enrich, EnrichStage::make(pipeline.schema, pipeline.enrich, pipeline.tables));
    stages.push_back(std::move(enrich));
  }
  OUZEL_TRY(auto feature, FeatureStage::make(pipeline.enriched, pipeline.features));
  stages.push_back(std::move(feature));
  OUZEL_TRY(auto model, make_model_stage(pipeline));
  stages.push_back(std::move(model));
  DecideSpec lane_decide = pipeline.decide;
  if (std::uint64_t& per_day = lane_decide.review_budget.per_day; per_day > 0) {
    // Lint cannot know how many partitions a topic has, and a share of 0 would mean no budget.
    per_day = std::max<std::uint64_t>(1, per_day / pipeline.limits.partitions);
  }
  OUZEL_TRY(auto decide, DecideStage::make(lane_decide));
  stages.push_back(std::move(decide));
  return stages;
}

}  // namespace ouzel
