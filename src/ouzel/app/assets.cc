#include "ouzel/app/assets.h"

#include <memory>
#include <utility>

#include "ouzel/app/table_file.h"
#include "ouzel/base/clock.h"
#include "ouzel/base/file_system.h"
#include "ouzel/base/hash.h"
#include "ouzel/decode/json_schema.h"
#include "ouzel/feature/feature_plan.h"
#include "ouzel/feature/time_zone.h"
#include "ouzel/spec/quantity.h"

namespace ouzel {
namespace {

constexpr std::string_view kZoneDirectory = "/usr/share/zoneinfo/";
constexpr std::uint64_t kZoneBytesMax = 1 << 20;

Result<std::string> read_bounded(FileSystem& fs, const std::string& path, std::uint64_t bytes_max,
                                 const std::string& limit) {
  OUZEL_TRY(const std::unique_ptr<File> file, fs.open(path, OpenMode::read));
  OUZEL_TRY(const std::uint64_t size, file->size());
  if (size > bytes_max) {
    return fail(ErrorCode::config, path + " has " + format_size(size) + ", more than " + limit +
                                       ", " + format_size(bytes_max));
  }
  return read_file(fs, path);
}

Result<void> load_table(FileSystem& fs, Pipeline& pipeline, std::size_t number) {
  const EnrichSpec& spec = pipeline.enrich[number];
  OUZEL_TRY(const LookupKey key, lookup_key(pipeline.schema, spec.key));
  OUZEL_TRY(const std::string bytes,
            read_bounded(fs, asset_path(pipeline, spec.table), pipeline.limits.table_bytes,
                         "limits.table_bytes"));
  OUZEL_TRY(auto rows, read_table_rows(bytes, spec, pipeline.limits.table_rows));
  const bool numeric = key.kind == LookupKey::Kind::number;
  OUZEL_TRY(LookupTable table, LookupTable::make(spec, numeric, std::move(rows)));
  pipeline.tables.push_back(std::make_shared<const LookupTable>(std::move(table)));
  pipeline.canonical +=
      "# enrich." + std::to_string(number) + ".table " + to_string(hash128(bytes)) + "\n";
  return {};
}

/// The JSON Schema, and with it the fields if the pipeline names none.
void load_json_schema(Pipeline& pipeline, const Node& root, Findings& findings) {
  Schema& schema = pipeline.schema;
  if (schema.json_schema_file.empty()) {
    if (!schema.fields.empty()) return;
    findings.add(nearest_node(root, "schema").at, "missing", "schema: needs fields or json_schema",
                 "add 'fields: {temperature: number}'");
    return;
  }
  const auto add = [&](const std::string& message) {
    findings.add(nearest_node(root, "schema.json_schema").at, "json_schema", message);
  };
  const auto files = make_posix_file_system();
  const auto bytes = read_bounded(*files, asset_path(pipeline, schema.json_schema_file),
                                  kSchemaBytesMax, "a JSON Schema may have");
  if (!bytes) return add(bytes.error().message);
  const auto used = use_json_schema(*bytes, schema);
  if (!used) return add(schema.json_schema_file + ": " + used.error().message);
  pipeline.canonical += "# schema.json_schema " + to_string(hash128(*bytes)) + "\n";
}

/// The lookup tables, and the schema with what they add.
void load_tables(Pipeline& pipeline, const Node& root, Findings& findings) {
  pipeline.enriched = pipeline.schema;
  const auto files = make_posix_file_system();
  for (std::size_t i = 0; i < pipeline.enrich.size(); ++i) {
    const auto loaded = load_table(*files, pipeline, i);
    if (loaded) continue;
    const std::string path = "enrich." + std::to_string(i) + ".table";
    findings.add(nearest_node(root, path).at, "table", loaded.error().message);
  }
  if (pipeline.tables.size() < pipeline.enrich.size()) return;
  auto enriched = enriched_schema(pipeline.schema, pipeline.enrich, pipeline.tables);
  if (enriched) {
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

Result<void> load_onnx(Pipeline& pipeline) {
  const auto files = make_posix_file_system();
  OUZEL_TRY(auto features, feature_names(pipeline.enriched, pipeline.features));
  OUZEL_TRY(std::string bytes, read_bounded(*files, asset_path(pipeline, pipeline.onnx.file),
                                            kOnnxBytesMax, "a model may have"));
  pipeline.canonical += "# model.onnx.file " + to_string(hash128(bytes)) + "\n";
  OUZEL_TRY(pipeline.model, OnnxModel::load({.name = stem(pipeline.onnx.file),
                                             .bytes = std::move(bytes),
                                             .spec = pipeline.onnx,
                                             .schema = pipeline.enriched,
                                             .features = std::move(features)},
                                            SystemClock()));
  return {};
}

void load_model(Pipeline& pipeline, const Node& root, Findings& findings) {
  if (pipeline.onnx.file.empty() || !findings.empty()) return;
  const auto loaded = load_onnx(pipeline);
  if (loaded) return;
  findings.add(nearest_node(root, "model.onnx.file").at, "onnx", loaded.error().message);
}

/// The rules of the time zones that features name.
void load_zones(Pipeline& pipeline, const Node& root, Findings& findings) {
  const auto files = make_posix_file_system();
  for (std::size_t i = 0; i < pipeline.features.size(); ++i) {
    FeatureSpec& spec = pipeline.features[i];
    if (spec.zone.empty() || spec.zone == "UTC") continue;
    const std::string key = "features." + std::to_string(i) + ".zone";
    const std::string path = std::string(kZoneDirectory) + spec.zone;
    const auto content = read_bounded(*files, path, kZoneBytesMax, "a time zone may");
    auto rules = content ? TimeZone::parse(*content) : tl::unexpected(content.error());
    if (!rules) {
      findings.add(
          nearest_node(root, key).at, "zone",
          "no rules for the time zone '" + spec.zone + "': " + rules.error().message,
          "the name is that of a file below " + std::string(kZoneDirectory) + " (package tzdata)");
      continue;
    }
    spec.rules = std::make_shared<const TimeZone>(std::move(*rules));
    pipeline.canonical += "# " + key + " " + to_string(hash128(*content)) + "\n";
  }
}

}  // namespace

std::string asset_path(const Pipeline& pipeline, std::string_view path) {
  if (path.starts_with('/')) return std::string(path);
  return pipeline.directory + std::string(path);
}

void load_assets(Pipeline& pipeline, const Node& root, Findings& findings) {
  load_json_schema(pipeline, root, findings);
  if (!findings.empty()) return;
  load_tables(pipeline, root, findings);
  load_zones(pipeline, root, findings);
  load_model(pipeline, root, findings);
}

}  // namespace ouzel
