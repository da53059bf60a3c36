#include "ouzel/decode/csv.h"

#include <gtest/gtest.h>

#include "ouzel/decode/csv_event.h"

namespace ouzel {
namespace {

using Record = std::vector<std::string>;
using Found = CsvReader::Found;

/// All records of the text; of a bad line `!` and why. `step`: so many bytes arrive at a time.
std::vector<Record> read(std::string_view text, std::size_t step, CsvOptions options = {}) {
  CsvReader reader(options);
  std::vector<Record> out;
  std::string window;
  for (std::size_t at = 0; at <= text.size(); at += step) {
    window.append(text.substr(at, step));
    const bool last = at + step > text.size();
    for (;;) {
      std::string_view left = window;
      const Found found = reader.next(left, last);
      if (found == Found::record) out.emplace_back(reader.cells().begin(), reader.cells().end());
      if (found == Found::bad) out.push_back({"!", std::string(reader.wrong())});
      window.erase(0, window.size() - left.size());
      if (found == Found::more) break;
    }
  }
  return out;
}

void expect_records(std::string_view text, const std::vector<Record>& expected,
                    CsvOptions options = {}) {
  for (const std::size_t step : {1U, 2U, 3U, 7U, 1000U}) {
    EXPECT_EQ(read(text, step, options), expected) << "in steps of " << step;
  }
}

TEST(Csv, CutsRecordsAndCells) {
  expect_records("", {});
  expect_records("\n\r\n  \n", {});
  expect_records("a,b\n1,2", {{"a", "b"}, {"1", "2"}});
  expect_records("a,b\r\n\r\n1,\r\n,\r\n", {{"a", "b"}, {"1", ""}, {"", ""}});
  expect_records("a;b,c\n", {{"a", "b,c"}}, {.delimiter = ';'});
}

TEST(Csv, UndoesQuotes) {
  expect_records("\"a\",\"b,c\"\r\n\"\",x\n", {{"a", "b,c"}, {"", "x"}});
  expect_records("\"x \"\"y\"\"\nz\",1\n", {{"x \"y\"\nz", "1"}});
  expect_records("\"\"\"\",\"\"\"a\"\"\"\n", {{"\"", "\"a\""}});
  expect_records("5\" pipe,1\n", {{"5\" pipe", "1"}});
  expect_records("\"last\"", {{"last"}});
}

TEST(Csv, GivesUpOneLineOfDamage) {
  const Record open = {"!", "a quote is opened and not closed"};
  const Record behind = {"!", "text stands behind a closing quote"};
  expect_records("1,\"x\n2,y\n", {{"!", open[1]}, {"2", "y"}});
  expect_records("\"a\"b,1\n2,3\n", {behind, {"2", "3"}});
  const CsvOptions small{.record_bytes_max = 8};
  expect_records("1,\"aaaaaaaaaaaaaaaaaaaa\n2,y\n", {{"!", open[1]}, {"2", "y"}}, small);
  EXPECT_EQ(read("123456789,1\n2,y\n", 100, small),
            (std::vector<Record>{{"!", "too long"}, {"2", "y"}}));
}

TEST(Csv, CountsLines) {
  CsvReader reader({});
  std::string_view text = "\n\na,\"b\nc\"\nd,e\n";
  ASSERT_EQ(reader.next(text, true), Found::record);
  EXPECT_EQ(reader.blank_lines(), 2U);
  EXPECT_EQ(reader.lines(), 4U);
  ASSERT_EQ(reader.next(text, true), Found::record);
  EXPECT_EQ(reader.blank_lines(), 0U);
  EXPECT_EQ(reader.lines(), 1U);
}

TEST(Csv, SniffsTheDelimiter) {
  EXPECT_EQ(sniff_delimiter("a,b"), ',');
  EXPECT_EQ(sniff_delimiter("a;b;1,5"), ';');
  EXPECT_EQ(sniff_delimiter("a\tb\tc,d"), '\t');
  EXPECT_EQ(sniff_delimiter("\"a,b,c\"|d"), '|');
  EXPECT_EQ(sniff_delimiter("alone"), ',');
}

Schema typed_schema() {
  Schema schema;
  schema.key = {FieldSource::Kind::payload, "k"};
  schema.time = {FieldSource::Kind::payload, "ts"};
  schema.fields = {{.name = "n"},
                   {.name = "on", .type = FieldType::boolean},
                   {.name = "s", .type = FieldType::string}};
  return schema;
}

std::string event(const std::string& column, std::string_view cell, CsvEventOptions options = {}) {
  const Schema schema = typed_schema();
  const std::vector<std::string> columns = {column};
  const auto made = CsvEvent::make(columns, &schema, options);
  EXPECT_TRUE(made.has_value());
  std::string out;
  made->write(out, std::vector<std::string_view>{cell});
  return out;
}

TEST(CsvEvent, WritesCellsByTheSchema) {
  EXPECT_EQ(event("n", "1.50"), R"({"n":1.50})");
  EXPECT_EQ(event("n", " +7 "), R"({"n":7})");
  EXPECT_EQ(event("n", ".5"), R"({"n":0.5})");
  EXPECT_EQ(event("n", "007"), R"({"n":7})");
  EXPECT_EQ(event("n", "hot"), R"({"n":"hot"})");
  EXPECT_EQ(event("n", "inf"), R"({"n":"inf"})");
  EXPECT_EQ(event("n", "0x10"), R"({"n":"0x10"})");
  EXPECT_EQ(event("on", "TRUE"), R"({"on":true})");
  EXPECT_EQ(event("on", "0"), R"({"on":false})");
  EXPECT_EQ(event("on", "ja"), R"({"on":"ja"})");
  EXPECT_EQ(event("s", "12"), R"({"s":"12"})");
  EXPECT_EQ(event("s", "a\"b\\\n"), R"({"s":"a\"b\\\u000a"})");
  EXPECT_EQ(event("k", "007"), R"({"k":"007"})");
  EXPECT_EQ(event("other", "3"), R"({"other":3})");
  EXPECT_EQ(event("other", "03"), R"({"other":"03"})");
}

TEST(CsvEvent, LeavesMissingCellsOut) {
  for (const char* none : {"", "NA", "nan", "NULL"}) EXPECT_EQ(event("n", none), "{}") << none;
  EXPECT_EQ(event("s", "NA"), R"({"s":"NA"})");
  EXPECT_EQ(event("", "1"), "{}");
}

TEST(CsvEvent, KnowsTheDecimalComma) {
  const CsvEventOptions comma{.decimal = ','};
  EXPECT_EQ(event("n", "1,5", comma), R"({"n":1.5})");
  EXPECT_EQ(event("n", "-7", comma), R"({"n":-7})");
  EXPECT_EQ(event("n", "1.234", comma), R"({"n":"1.234"})");
  EXPECT_EQ(event("n", "1,5"), R"({"n":"1,5"})");
}

TEST(CsvEvent, GivesTimesTheirOffset) {
  const CsvEventOptions utc{.utc_offset = "Z"};
  EXPECT_EQ(event("ts", "2026-03-01 08:00:00", utc), R"({"ts":"2026-03-01 08:00:00Z"})");
  EXPECT_EQ(event("ts", "2026-03-01T08:00", utc), R"({"ts":"2026-03-01T08:00:00Z"})");
  EXPECT_EQ(event("ts", "2026-03-01", utc), R"({"ts":"2026-03-01T00:00:00Z"})");
  EXPECT_EQ(event("ts", "2026-03-01T08:00:00-05:00", utc), R"({"ts":"2026-03-01T08:00:00-05:00"})");
  EXPECT_EQ(event("ts", "2026-03-01T08:00:00Z", utc), R"({"ts":"2026-03-01T08:00:00Z"})");
  EXPECT_EQ(event("ts", "1772352000.5", utc), R"({"ts":1772352000.5})");
  EXPECT_EQ(event("ts", "2026-03-01 08:00:00"), R"({"ts":"2026-03-01 08:00:00"})");
}

TEST(CsvEvent, RefusesANameTwice) {
  const std::vector<std::string> columns = {"a", "", "", "a"};
  const auto made = CsvEvent::make(columns, nullptr, {});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().message, "two columns have the name a");
}

}  // namespace
}  // namespace ouzel
