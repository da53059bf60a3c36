#include "ouzel/enrich/lookup_table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ouzel {
namespace {

EventTime at(std::int64_t seconds) { return EventTime(std::chrono::seconds(seconds)); }

TableRow row(std::string key, std::vector<std::string> cells, std::uint64_t line,
             EventTime from = kNoTime) {
  TableRow out{.key = {std::move(key)}, .valid_from = from, .cells = {}, .line = line};
  for (std::string& cell : cells) out.cells.push_back({std::move(cell)});
  return out;
}

const EnrichSpec kSpec{
    .table = "t.csv", .key = "id", .add = {"site", "load", "zip"}, .text = {"zip"}};

TEST(LookupTable, TypesColumnsByTheirCells) {
  const auto table = LookupTable::make(
      kSpec, false, {row("b", {"north", "1.5", "01"}, 2), row("a", {"", "", "7"}, 3)});
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->added()[0].type, FieldType::string);
  EXPECT_EQ(table->added()[1].type, FieldType::number);
  EXPECT_EQ(table->added()[2].type, FieldType::string) << "stated as a text";
  const auto b = table->find("b", at(0));
  const auto a = table->find("a", at(0));
  ASSERT_TRUE(a && b);
  EXPECT_EQ(table->text(*b, 0), "north");
  EXPECT_EQ(table->text(*b, 1), "01");
  EXPECT_EQ(table->number(*b, 0), 1.5);
  EXPECT_TRUE(std::isnan(table->number(*a, 0)));
  EXPECT_FALSE(table->find("c", at(0)));
  EXPECT_FALSE(table->find("", at(0)));
}

TEST(LookupTable, AQuotedNumberIsAText) {
  TableRow one = row("a", {"1", "2", "3"}, 1);
  one.cells[1].quoted = true;
  EXPECT_EQ(LookupTable::make(kSpec, false, {one})->added()[1].type, FieldType::string);
}

TEST(LookupTable, RefusesAKeyThatStandsTwice) {
  const auto table = LookupTable::make(
      kSpec, false,
      {row("a", {"x", "1", ""}, 2), row("b", {"x", "1", ""}, 3), row("a", {"y", "2", ""}, 9)});
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, ErrorCode::config);
  EXPECT_EQ(table.error().message, "t.csv:9: the key of line 2 again; each may stand there once");
}

TEST(LookupTable, NumbersAreEqualHoweverTheyAreWritten) {
  const auto table =
      LookupTable::make(kSpec, true, {row("1.0", {"x", "1", ""}, 2), row("-0", {"y", "2", ""}, 3)});
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_TRUE(table->find(1.0, at(0)));
  EXPECT_TRUE(table->find(0.0, at(0)));
  EXPECT_FALSE(table->find(2.0, at(0)));
  EXPECT_FALSE(table->find(std::nan(""), at(0)));
  EXPECT_FALSE(LookupTable::make(kSpec, true, {row("one", {"x", "1", ""}, 2)}));
  EXPECT_FALSE(
      LookupTable::make(kSpec, true, {row("1", {"", "", ""}, 2), row("1e0", {"", "", ""}, 3)}))
      << "two ways to write one key";
}

TEST(LookupTable, TakesTheRowThatHoldsAtTheTime) {
  EnrichSpec spec = kSpec;
  spec.valid_from = "since";
  std::vector<TableRow> rows;
  for (int i = 99; i >= 0; --i) {
    rows.push_back(row("a", {"s", std::to_string(i), ""}, 100 - i, at(i * 10)));
  }
  rows.push_back(row("b", {"s", "7", ""}, 200, at(500)));
  const auto table = LookupTable::make(spec, false, rows);
  ASSERT_TRUE(table) << table.error().message;
  for (int second = 0; second < 1100; ++second) {
    const auto found = table->find("a", at(second));
    ASSERT_TRUE(found);
    EXPECT_EQ(table->number(*found, 0), std::min(second / 10, 99)) << second;
  }
  EXPECT_FALSE(table->find("a", at(-1)));
  EXPECT_FALSE(table->find("b", at(499)));
  EXPECT_TRUE(table->find("b", at(500)));
  rows.push_back(row("b", {"s", "8", ""}, 201, at(500)));
  EXPECT_FALSE(LookupTable::make(spec, false, rows)) << "the same key and time";
}

TEST(LookupTable, AnEmptyTableKnowsNothing) {
  const auto table = LookupTable::make(kSpec, false, {});
  ASSERT_TRUE(table);
  EXPECT_FALSE(table->find("a", at(0)));
}

TEST(LookupTable, WhatIsANumber) {
  EXPECT_EQ(cell_number("-1.5e3"), -1500);
  for (const char* text : {"", "nan", "inf", "0x10", "1 ", "1,5", "+", "1e999"}) {
    EXPECT_FALSE(cell_number(text)) << text;
  }
}

}  // namespace
}  // namespace ouzel
