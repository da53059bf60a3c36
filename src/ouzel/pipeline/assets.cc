#include "ouzel/pipeline/assets.h"

#include <algorithm>
#include <memory>
#include <sstream>
#include <utility>

#include "ouzel/base/clock.h"
#include "ouzel/base/file_system.h"
#include "ouzel/base/hash.h"
#include "ouzel/decode/json_schema.h"
#include "ouzel/engine/plan_archive.h"
#include "ouzel/feature/feature_plan.h"
#include "ouzel/feature/time_zone.h"
#include "ouzel/pipeline/table_file.h"
#include "ouzel/spec/quantity.h"

namespace ouzel {
namespace {

constexpr const char* kModelKey = "model.onnx.file";
constexpr std::string_view kZoneDirectory = "/usr/share/zoneinfo/";
constexpr std::uint64_t kZoneBytesMax = 1 << 20;

/// Reads the files of one pipeline, and notes them there.
class Assets {
 public:
  Assets(Pipeline& pipeline, const std::vector<PlanFile>& kept)
      : fs_(make_posix_file_system()), pipeline_(pipeline), kept_(kept) {}

  /// Whether the content was settled when the plan was kept: then it is past today's limits.
  bool is_kept(const std::string& key) const { return find(key) != nullptr; }

  Result<std::string> read(const std::string& key, const std::string& path, std::uint64_t bytes_max,
                           const std::string& limit) {
    if (const PlanFile* kept = find(key)) {
      OUZEL_TRY(std::string bytes, read_by_hash(*fs_, kept->path, kept->hash));
      pipeline_.files.push_back(*kept);
      return bytes;
    }
    OUZEL_TRY(const std::unique_ptr<File> file, fs_->open(path, OpenMode::read));
    OUZEL_TRY(const std::uint64_t size, file->size());
    if (size > bytes_max) {
      return fail(ErrorCode::config, path + " has " + format_size(size) + ", more than " + limit +
                                         ", " + format_size(bytes_max));
    }
    OUZEL_TRY(std::string bytes, read_file(*fs_, path));
    pipeline_.files.push_back({.key = key, .path = path, .hash = hash128(bytes)});
    return bytes;
  }

 private:
  const PlanFile* find(const std::string& key) const {
    const auto at = std::find_if(kept_.begin(), kept_.end(),
                                 [&](const PlanFile& file) { return file.key == key; });
    return at == kept_.end() ? nullptr : &*at;
  }

  std::unique_ptr<FileSystem> fs_;
  Pipeline& pipeline_;
  const std::vector<PlanFile>& kept_;
};

std::string table_key(std::size_t number) { return "enrich." + std::to_string(number) + ".table"; }

Result<void> load_table(Assets& assets, Pipeline& pipeline, std::size_t number) {
  const EnrichSpec& spec = pipeline.enrich[number];
  const LimitsSpec& limits = pipeline.limits;
  const std::string name = table_key(number);
  OUZEL_TRY(const LookupKey key, lookup_key(pipeline.schema, spec.key));
  OUZEL_TRY(const std::string bytes, assets.read(name, asset_path(pipeline, spec.table),
                                                 limits.table_bytes, "limits.table_bytes"));
  const std::uint64_t rows_max = assets.is_kept(name) ? ~std::uint64_t{0} : limits.table_rows;
  OUZEL_TRY(auto rows, read_table_rows(bytes, spec, rows_max));
  const bool numeric = key.kind == LookupKey::Kind::number;
  OUZEL_TRY(LookupTable table, LookupTable::make(spec, numeric, std::move(rows)));
  pipeline.tables.push_back(std::make_shared<const LookupTable>(std::move(table)));
  return {};
}

/// The JSON Schema, and with it the fields if the pipeline names none.
void load_json_schema(Assets& assets, Pipeline& pipeline, const Node& root, Findings& findings) {
  Schema& schema = pipeline.schema;
  if (schema.json_schema_file.empty()) {
    if (!schema.fields.empty()) return;
    findings.add(nearest_node(root, "schema").at, "missing", "schema: needs fields or json_schema",
                 "add 'fields: {temperature: number}'");
    return;
  }
  const std::string key = "schema.json_schema";
  const auto add = [&](const std::string& message) {
    findings.add(nearest_node(root, key).at, "json_schema", message);
  };
  const auto bytes = assets.read(key, asset_path(pipeline, schema.json_schema_file),
                                 kSchemaBytesMax, "a JSON Schema may have");
  if (!bytes) return add(bytes.error().message);
  const auto used = use_json_schema(*bytes, schema);
  if (used) return;
  std::istringstream faults(used.error().message);
  for (std::string fault; std::getline(faults, fault);) {
    add(schema.json_schema_file + ": " + fault);
  }
}

/// What a table says of a device is no measurement: the detector watches it only when told to.
void watch_measurements(Pipeline& pipeline) {
  std::vector<std::string>& of = pipeline.detector.of;
  if (!of.empty() || pipeline.enrich.empty()) return;
  for (const Field& field : pipeline.schema.fields) {
    if (field.type != FieldType::string) of.push_back(field.name);
  }
}

/// The lookup tables, and the schema with what they add.
void load_tables(Assets& assets, Pipeline& pipeline, const Node& root, Findings& findings) {
  pipeline.enriched = pipeline.schema;
  for (std::size_t i = 0; i < pipeline.enrich.size(); ++i) {
    const auto loaded = load_table(assets, pipeline, i);
    if (loaded) continue;
    findings.add(nearest_node(root, table_key(i)).at, "table", loaded.error().message);
  }
  if (pipeline.tables.size() < pipeline.enrich.size()) return;
  auto enriched = enriched_schema(pipeline.schema, pipeline.enrich, pipeline.tables);
  if (enriched) {
    watch_measurements(pipeline);
    pipeline.enriched = std::move(*enriched);
  } else {
    findings.add(nearest_node(root, "enrich").at, "table", enriched.error().message);
  }
}

/// "press" of "models/press.onnx".
std::string stem(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.substr(0, name.rfind('.'));
}

Result<void> load_onnx(Assets& assets, Pipeline& pipeline, int stop_fd) {
  OUZEL_TRY(auto features, feature_names(pipeline.enriched, pipeline.features));
  OUZEL_TRY(std::string bytes, assets.read(kModelKey, asset_path(pipeline, pipeline.onnx.file),
                                           kOnnxBytesMax, "a model may have"));
  OUZEL_TRY(pipeline.model, OnnxModel::load({.name = stem(pipeline.onnx.file),
                                             .bytes = std::move(bytes),
                                             .spec = pipeline.onnx,
                                             .schema = pipeline.enriched,
                                             .features = std::move(features),
                                             .stop_fd = stop_fd},
                                            SystemClock()));
  return {};
}

void load_model(Assets& assets, Pipeline& pipeline, int stop_fd, const Node& root,
                Findings& findings) {
  if (pipeline.onnx.file.empty() || !findings.empty()) return;
  const auto loaded = load_onnx(assets, pipeline, stop_fd);
  if (loaded) return;
  findings.add(nearest_node(root, kModelKey).at, "onnx", loaded.error().message);
}

/// The rules of the time zones that features name.
void load_zones(Assets& assets, Pipeline& pipeline, const Node& root, Findings& findings) {
  for (std::size_t i = 0; i < pipeline.features.size(); ++i) {
    FeatureSpec& spec = pipeline.features[i];
    if (spec.zone.empty() || spec.zone == "UTC") continue;
    const std::string key = "features." + std::to_string(i) + ".zone";
    const std::string path = std::string(kZoneDirectory) + spec.zone;
    const auto content = assets.read(key, path, kZoneBytesMax, "a time zone may");
    auto rules = content ? TimeZone::parse(*content) : tl::unexpected(content.error());
    if (!rules) {
      findings.add(
          nearest_node(root, key).at, "zone",
          "no rules for the time zone '" + spec.zone + "': " + rules.error().message,
          "the name is that of a file below " + std::string(kZoneDirectory) + " (package tzdata)");
      continue;
    }
    spec.rules = std::make_shared<const TimeZone>(std::move(*rules));
  }
}

}  // namespace

std::string asset_path(const Pipeline& pipeline, std::string_view path) {
  if (path.starts_with('/')) return std::string(path);
  return pipeline.directory + std::string(path);
}

void load_assets(Pipeline& pipeline, const PipelineInput& input, const Node& root,
                 Findings& findings) {
  Assets assets(pipeline, input.kept);
  load_json_schema(assets, pipeline, root, findings);
  if (!findings.empty()) return;
  load_tables(assets, pipeline, root, findings);
  load_zones(assets, pipeline, root, findings);
  load_model(assets, pipeline, input.stop_fd, root, findings);
}

}  // namespace ouzel
