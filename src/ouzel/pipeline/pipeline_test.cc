#include "ouzel/pipeline/pipeline.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "ouzel/base/file_system.h"
#include "ouzel/decide/review_budget.h"
#include "ouzel/engine/plan_archive.h"
#include "ouzel/log/kafka/kafka_library.h"
#include "ouzel/pipeline/catalog.h"
#include "ouzel/pipeline/pipeline_fields.h"
#include "ouzel/pipeline/pipeline_file.h"
#include "ouzel/pipeline/templates.h"
#include "ouzel/spec/document.h"
#include "ouzel/spec/reader.h"

namespace ouzel {
namespace {

using namespace std::chrono_literals;

constexpr const char* kPress =
    "name: press-line\n"
    "source: {http: {}}\n"
    "schema:\n"
    "  key: device_id\n"
    "  time: ts\n"
    "  fields:\n"
    "    temperature: {type: number, unit: celsius, min: -40, max: 150}\n"
    "    pressure: number\n"
    "    mode: {type: string, enum: [idle, run], required: false}\n"
    "time: {max_future: 1m, max_late: 2h}\n"
    "features:\n"
    "  - {of: [temperature, pressure], take: [mean, std], last: 16}\n"
    "  - {of: pressure, take: max, over: PT5M}\n"
    "model: {detector: {of: [pressure], warm_up: 9}}\n"
    "decide: {threshold: 0.95, review: 0.5, hold_off: 60s, include_features: true}\n"
    "limits: {partitions: 3, keys: 10, duplicates: 7, event_bytes: 64KiB, depth: 9}\n"
    "serve: {listen: \"[::1]:0\"}\n";

TEST(Pipeline, BecomesTypedValues) {
  const auto p = parse_pipeline(kPress);
  ASSERT_TRUE(p) << p.error().message;
  EXPECT_EQ(p->name, "press-line");
  EXPECT_EQ(p->schema.key.kind, FieldSource::Kind::payload);
  EXPECT_EQ(p->schema.key.name, "device_id");
  EXPECT_EQ(p->schema.time.name, "ts");
  ASSERT_EQ(p->schema.fields.size(), 3U);
  EXPECT_EQ(p->schema.fields[0].name, "temperature");
  EXPECT_EQ(p->schema.fields[0].min, -40);
  EXPECT_TRUE(p->schema.fields[1].required);
  EXPECT_EQ(p->schema.fields[2].type, FieldType::string);
  EXPECT_FALSE(p->schema.fields[2].required);
  EXPECT_EQ(p->schema.event_bytes_max, 65536U);
  EXPECT_EQ(p->schema.depth_max, 9U);
  EXPECT_EQ(p->time.max_late, 2h);
  ASSERT_EQ(p->features.size(), 2U);
  EXPECT_EQ(p->features[0].last, 16U);
  EXPECT_EQ(p->features[1].over, 5min);
  EXPECT_EQ(p->detector.warm_up, 9U);
  EXPECT_EQ(p->decide.hold_off, 60s);
  EXPECT_EQ(p->limits.retention, 168h);
  EXPECT_EQ(p->serve.listen, "[::1]:0");
}

TEST(Pipeline, TheLeastHasEveryDefault) {
  const auto p = parse_pipeline("name: a\nschema: {key: ce.subject, fields: {x: number}}\n");
  ASSERT_TRUE(p) << p.error().message;
  EXPECT_EQ(p->schema.key.kind, FieldSource::Kind::attribute);
  EXPECT_EQ(p->schema.key.name, "subject");
  EXPECT_EQ(p->schema.time.kind, FieldSource::Kind::none);
  EXPECT_EQ(p->time.max_future, 5min);
  EXPECT_EQ(p->time.max_late, 1h);
  EXPECT_EQ(p->decide.threshold, 0.9);
  EXPECT_EQ(p->detector.warm_up, 30U);
  EXPECT_EQ(p->limits.partitions, 8);
  EXPECT_EQ(p->limits.keys, 1'000'000U);
  EXPECT_EQ(p->limits.duplicates, 500'000U);
  EXPECT_EQ(p->limits.in_flight, 200'000U);
  EXPECT_EQ(p->serve.listen, "127.0.0.1:8080");
}

TEST(Plan, NamesColumnsAndDividesLimits) {
  const auto plan = make_plan(*parse_pipeline(kPress));
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->pipeline, "press-line");
  EXPECT_EQ(plan->feature_names,
            (std::vector<std::string>{"temperature_mean_16", "temperature_std_16",
                                      "pressure_mean_16", "pressure_std_16", "pressure_max_5m"}));
  EXPECT_EQ(plan->reason_names.front(), "pressure_level");
  EXPECT_EQ(plan->partitions, 3);
  EXPECT_EQ(plan->keys_max, 4U);
  EXPECT_EQ(plan->duplicates_max, 3U);
  EXPECT_EQ(plan->model_name, "detector");
  EXPECT_TRUE(plan->include_features);
  const auto stages = plan->make_stages();
  ASSERT_EQ(stages.size(), 3U);
  EXPECT_EQ(stages[0]->name(), "feature");
  EXPECT_EQ(stages[1]->name(), "detector");
  EXPECT_EQ(stages[2]->name(), "decide");
}

TEST(Plan, ABudgetOfLessThanOneAPartitionIsOneAPartition) {
  Pipeline pipeline = *parse_pipeline(kPress);
  pipeline.decide.review_budget.per_day = 20;
  pipeline.limits.partitions = 24;  // As of a topic, which lint does not see.
  const auto plan = make_plan(pipeline);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->make_stages().back()->state_need().lane_bytes, sizeof(ReviewBudget::State));
}

Hash128 hash_of(std::string text, const std::string& from = "", const std::string& to = "") {
  if (!from.empty()) text.replace(text.find(from), from.size(), to);
  const auto pipeline = parse_pipeline(text);
  EXPECT_TRUE(pipeline) << pipeline.error().message;
  return make_plan(*pipeline)->hash;
}

TEST(Plan, HashChangesWithWhatInfluencesOutcomes) {
  const Hash128 hash = hash_of(kPress);
  const std::pair<const char*, const char*> changes[] = {
      {"max: 150", "max: 151"},
      {"pressure: number", "pressure: integer"},
      {"max_late: 2h", "max_late: 3h"},
      {"last: 16", "last: 17"},
      {"take: max", "take: min"},
      {"warm_up: 9", "warm_up: 10"},
      {"threshold: 0.95", "threshold: 0.9"},
      {"partitions: 3", "partitions: 4"},
      {"keys: 10", "keys: 11"},
      {"key: device_id", "key: ts"},
      {"event_bytes: 64KiB", "event_bytes: 65KiB"},
      {"press-line", "press"}};
  for (const auto& [from, to] : changes) EXPECT_NE(hash_of(kPress, from, to), hash) << to;
}

TEST(Plan, StateHashIgnoresWhatNoStateDependsOn) {
  const auto state_of = [](std::string text, const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
    return make_plan(*parse_pipeline(text))->state_hash;
  };
  const Hash128 state = make_plan(*parse_pipeline(kPress))->state_hash;
  EXPECT_EQ(state_of(kPress, "threshold: 0.95", "threshold: 0.9"), state);
  EXPECT_EQ(state_of(kPress, "press-line", "press"), state);
  EXPECT_EQ(state_of(kPress, "duplicates: 7", "duplicates: 8"), state);
  EXPECT_NE(state_of(kPress, "max: 150", "max: 151"), state) << "which events are live";
  EXPECT_NE(state_of(kPress, "max_late: 2h", "max_late: 3h"), state);
  EXPECT_NE(state_of(kPress, "take: max", "take: min"), state) << "another layout of same size";
  EXPECT_NE(state_of(kPress, "warm_up: 9", "warm_up: 10"), state);
  EXPECT_NE(state_of(kPress, "keys: 10", "keys: 11"), state);
}

TEST(Plan, HashIgnoresFormAndOperation) {
  const Hash128 hash = hash_of(kPress);
  const std::pair<const char*, const char*> changes[] = {
      {"duplicates: 7", "duplicates: 8, retention: 30d"},
      {"listen: \"[::1]:0\"", "listen: 127.0.0.1:9000"},
      {"take: max, over: PT5M", "over: 300s, take: [max]"},
      {"pressure: number", "pressure: {type: number, required: true}"},
      {"unit: celsius", "unit: C"},
      {"source: {http: {}}", "source: http # comment"}};
  for (const auto& [from, to] : changes) EXPECT_EQ(hash_of(kPress, from, to), hash) << to;
}

TEST(Plan, HashChangesWithTheTopicAndWhatItsRecordsMean) {
  if (!kafka_built_in()) GTEST_SKIP() << "no Kafka client in this build";
  std::string text = std::string(kPress) + "kafka: {bootstrap.servers: \"a:1\"}\n";
  text.replace(text.find("{http: {}}"), 10, "{kafka: {topic: t, registry: \"http://r\"}}");
  const Hash128 hash = hash_of(text);
  EXPECT_NE(hash, hash_of(kPress));
  EXPECT_NE(hash, hash_of(text, "topic: t", "topic: u"));
  EXPECT_NE(hash, hash_of(text, "topic: t", "topic: t, format: json"));
  EXPECT_NE(hash, hash_of(text, "//r", "//s"));
  EXPECT_EQ(hash, hash_of(text, "topic: t", "topic: t, group: g, outcomes: o"));
  EXPECT_EQ(hash, hash_of(text, "a:1", "b:1"));
  const auto pipeline = parse_pipeline(text);
  ASSERT_TRUE(pipeline) << pipeline.error().message;
  EXPECT_EQ(pipeline->kafka_source.group, "press-line");
  EXPECT_EQ(pipeline->kafka_source.rejects, "press-line-rejects");
}

TEST(Pipeline, StateCostIsTheStagesSum) {
  const auto cost = state_cost(*parse_pipeline(kPress));
  ASSERT_TRUE(cost);
  EXPECT_GT(cost->key_bytes, 56U);
  EXPECT_EQ(cost->bytes_max, cost->key_bytes * 12 + cost->shared_bytes);
}

TEST(Pipeline, EffectiveTextLoadsToTheSamePlan) {
  Findings findings;
  const auto none = [](const std::string&) { return std::optional<std::string>(); };
  const auto first = load_pipeline({"a", kPress, {}, {}, {none, none}}, findings);
  ASSERT_TRUE(first);
  const auto second = load_pipeline({"b", first->effective, {}, {}, {none, none}}, findings);
  ASSERT_TRUE(second) << (findings.empty() ? "" : to_string(findings.all().front()));
  EXPECT_EQ(first->effective, second->effective);
  EXPECT_EQ(make_plan(first->pipeline)->hash, make_plan(second->pipeline)->hash);
}

TEST(Pipeline, LaterChangesWin) {
  Findings findings;
  const auto none = [](const std::string&) { return std::optional<std::string>(); };
  PipelineInput input{"a", kPress, {}, {}, {none, none}};
  input.lookup.env = [](const std::string& name) {
    return name == "T" ? std::optional<std::string>("0.7") : std::nullopt;
  };
  input.overrides = {{"x", "decide.threshold", "0.8"}, {"y", "decide.threshold", "${env:T}"}};
  const auto loaded = load_pipeline(input, findings);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->pipeline.decide.threshold, 0.7);
}

TEST(Templates, AllLintAndPlan) {
  for (const Template& one : templates()) {
    const auto pipeline = parse_pipeline(one.text);
    ASSERT_TRUE(pipeline) << one.name << ": " << pipeline.error().message;
    EXPECT_EQ(pipeline->name, one.name);
    EXPECT_TRUE(make_plan(*pipeline)) << one.name;
  }
}

/// Every pipeline file of the repository.
std::vector<std::string> all_pipelines(FileSystem& fs) {
  const std::string root = OUZEL_SOURCE_DIR;
  std::vector<std::string> paths = {root + "/scripts/demo/pipeline.yaml"};
  const auto examples = fs.list(root + "/examples");
  const auto golden = fs.list(root + "/tests/golden");
  EXPECT_TRUE(examples && golden);
  for (const std::string& name : *examples) {
    if (name.ends_with(".yaml")) paths.push_back(root + "/examples/" + name);
  }
  for (const std::string& name : *golden) {
    const std::string path = root + "/tests/golden/" + name + "/pipeline.yaml";
    const auto text = read_file(fs, path);
    // The runner of the golden cases makes their models; they are linted there.
    if (text && text->find("onnx:") == std::string::npos) paths.push_back(path);
  }
  EXPECT_GT(paths.size(), 10U);
  return paths;
}

/// The plan of a file; what is wrong with it fails the test.
Result<Plan> plan_of(FileSystem& fs, const std::string& path) {
  Findings findings;
  const auto loaded = load_pipeline_file(fs, {.path = path, .listen = "", .sets = {}}, findings);
  for (const Finding& finding : findings.all()) ADD_FAILURE() << to_string(finding);
  if (!loaded) return fail(ErrorCode::config, path);
  return make_plan(loaded->pipeline);
}

TEST(Files, AllLint) {
  const auto fs = make_posix_file_system();
  for (const std::string& path : all_pipelines(*fs)) EXPECT_TRUE(plan_of(*fs, path)) << path;
}

TEST(Files, AKeptPlanIsTheSamePlan) {
  const auto fs = make_posix_file_system();
  const std::string directory = testing::TempDir() + "kept-" + std::to_string(::getpid());
  ASSERT_TRUE(fs->make_directory(directory));
  PlanArchive archive(*fs, directory);
  std::size_t files = 0;
  for (const std::string& path : all_pipelines(*fs)) {
    const auto plan = plan_of(*fs, path);
    ASSERT_TRUE(plan && archive.keep(*plan)) << path;
    files += plan->files.size();
    const auto again = plan_of(*fs, archive.plan_path(plan->hash));
    ASSERT_TRUE(again) << path;
    EXPECT_EQ(again->text, plan->text) << path;
    EXPECT_EQ(again->state_hash, plan->state_hash) << path;
  }
  EXPECT_GE(files, 5U) << "tables, a schema and a time zone";
  std::filesystem::remove_all(directory);
}

/// Reads the examples of a table and of all nested in it; returns how many there were.
std::size_t read_examples(const Table& table) {
  std::size_t count = table.examples.size();
  for (const std::string& example : table.examples) {
    Findings findings;
    const auto root = parse_document(example, findings.add_source(table.name), findings);
    if (root) read_erased(table, *root, table.make().get(), findings);
    EXPECT_TRUE(findings.empty()) << example << ": " << to_string(findings.all().front());
  }
  for (const TableField& field : table.fields) {
    if (field.table) count += read_examples(*field.table);
  }
  return count;
}

TEST(Tables, EveryExampleLints) {
  EXPECT_GT(read_examples(pipeline_fields().table()), 8U);
  for (const Component& one : components()) EXPECT_GT(read_examples(one.table), 0U) << one.name;
}

TEST(Tables, EveryKeySaysWhatItIs) {
  const auto check = [](const Table& table, const auto& self) -> void {
    EXPECT_FALSE(table.help.empty() && !table.fields.empty()) << table.name;
    for (const TableField& field : table.fields) {
      EXPECT_FALSE(field.text.help.empty() && !field.table) << table.name << "." << field.name;
      if (field.table) self(*field.table, self);
    }
  };
  check(pipeline_fields().table(), check);
}

}  // namespace
}  // namespace ouzel
