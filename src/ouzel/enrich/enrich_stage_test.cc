#include "ouzel/enrich/enrich_stage.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ouzel/stage/stage_conformance.h"

namespace ouzel {
namespace {

Schema schema() {
  Schema out;
  out.key = {FieldSource::Kind::payload, "device"};
  out.fields = {{.name = "x"}, {.name = "mode", .type = FieldType::string}};
  return out;
}

EnrichSpec spec(UnknownKey unknown) {
  return {.table = "t.csv",
          .key = "device",
          .add = {"site", "load"},
          .unknown = unknown,
          .defaults = {{"site", "elsewhere"}, {"load", "3"}}};
}

std::shared_ptr<const LookupTable> table(const EnrichSpec& made_for, const char* load = "7") {
  std::vector<TableRow> rows;
  for (const char* key : {"key-0", "key-1", "key-5"}) {
    rows.push_back({.key = {key}, .cells = {{"north"}, {load}}, .line = rows.size() + 2});
  }
  return std::make_shared<const LookupTable>(
      LookupTable::make(made_for, false, std::move(rows)).value());
}

std::unique_ptr<Stage> stage(UnknownKey unknown) {
  const EnrichSpec one = spec(unknown);
  return EnrichStage::make(schema(), {one}, {table(one)}).value();
}

TEST(EnrichStage, Conforms) {
  for (const UnknownKey unknown : {UnknownKey::fill, UnknownKey::flag, UnknownKey::reject}) {
    conformance::expect_conforms(
        {.make = [unknown] { return stage(unknown); }, .value_columns = 1, .string_columns = 1});
  }
}

Batch batch() {
  Batch out;
  out.values.set_width(1);
  out.strings.resize(1);
  for (const char* key : {"key-5", "no such", "key-1"}) {
    out.fate.push_back(key == std::string("key-1") ? Fate::schema : Fate::live);
    out.key.append(key);
    out.time.push_back(EventTime{});
    out.detail.append("");
    out.flags.push_back(0);
    *out.values.append_row() = 1;
    out.strings[0].append("run");
  }
  return out;
}

TEST(EnrichStage, AddsColumnsBehindThePayloads) {
  Batch rows = batch();
  stage(UnknownKey::flag)->run(rows, StateView(nullptr, 0, nullptr));
  ASSERT_EQ(rows.values.width(), 2U);
  ASSERT_EQ(rows.strings.size(), 2U);
  EXPECT_EQ(rows.values.row(0)[0], 1);
  EXPECT_EQ(rows.values.row(0)[1], 7);
  EXPECT_EQ(rows.strings[1][0], "north");
  EXPECT_EQ(rows.values.row(1)[1], 3);
  EXPECT_EQ(rows.strings[1][1], "elsewhere");
  EXPECT_TRUE(std::isnan(rows.values.row(2)[1]));
  EXPECT_EQ(rows.strings[1][2], "");
  EXPECT_EQ(rows.flags, (std::vector<std::uint8_t>{0, kFlagUnknownKey, 0}));
}

TEST(EnrichStage, RejectsAnUnknownKey) {
  Batch rows = batch();
  stage(UnknownKey::reject)->run(rows, StateView(nullptr, 0, nullptr));
  EXPECT_EQ(rows.fate, (std::vector<Fate>{Fate::live, Fate::unknown_key, Fate::schema}));
  EXPECT_EQ(rows.detail[1], "device: t.csv has no row for 'no such'");
}

TEST(EnrichStage, AddedFieldsAreFieldsLikeOthers) {
  const EnrichSpec one = spec(UnknownKey::fill);
  const auto wider = enriched_schema(schema(), {one}, {table(one)});
  ASSERT_TRUE(wider);
  EXPECT_EQ(wider->number_columns(), 2U);
  EXPECT_EQ(wider->string_columns(), 2U);
  EXPECT_FALSE(enriched_schema(*wider, {one}, {table(one)})) << "the names are taken";
  EXPECT_TRUE(EnrichStage::make(schema(), {one}, {table(one)}));
  EnrichSpec bad = one;
  bad.defaults[1].value = "much";
  EXPECT_FALSE(EnrichStage::make(schema(), {bad}, {table(bad)})) << "no number";
  EXPECT_TRUE(EnrichStage::make(schema(), {bad}, {table(bad, "little")})) << "a column of texts";
  bad.defaults[1].column = "lode";
  EXPECT_FALSE(EnrichStage::make(schema(), {bad}, {table(bad)}));
}

TEST(EnrichStage, FindsItsKey) {
  const Schema payload = schema();
  EXPECT_EQ(lookup_key(payload, "device")->kind, LookupKey::Kind::key);
  EXPECT_EQ(lookup_key(payload, "x")->kind, LookupKey::Kind::number);
  EXPECT_EQ(lookup_key(payload, "mode")->kind, LookupKey::Kind::text);
  EXPECT_EQ(lookup_key(payload, "ce.source")->kind, LookupKey::Kind::source);
  EXPECT_EQ(lookup_key(payload, "ce.id")->kind, LookupKey::Kind::id);
  EXPECT_FALSE(lookup_key(payload, "ce.subject"));
  EXPECT_FALSE(lookup_key(payload, "modus"));
}

}  // namespace
}  // namespace ouzel
