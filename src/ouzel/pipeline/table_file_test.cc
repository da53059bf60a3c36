#include "ouzel/pipeline/table_file.h"

#include <gtest/gtest.h>

#include <string>

namespace ouzel {
namespace {

const EnrichSpec kSpec{.table = "t", .key = "id", .add = {"site", "load"}};

std::string why(std::string_view bytes, const EnrichSpec& spec = kSpec, std::uint64_t rows = 100) {
  const auto read = read_table_rows(bytes, spec, rows);
  if (read) return "";
  EXPECT_EQ(read.error().code, ErrorCode::config);
  return read.error().message;
}

TEST(TableFile, ReadsCsvWithItsQuotesAndLines) {
  const auto rows = read_table_rows(
      "\xef\xbb\xbfload,other,id,site\r\n1,x,a,\"a \"\"b\"\", c\nd\"\r\n\r\n,y,b,\r\n", kSpec, 100);
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].key.text, "a");
  EXPECT_EQ((*rows)[0].cells[0].text, "a \"b\", c\nd");
  EXPECT_EQ((*rows)[0].cells[1].text, "1");
  EXPECT_EQ((*rows)[0].line, 2U);
  EXPECT_EQ((*rows)[1].key.text, "b");
  EXPECT_EQ((*rows)[1].cells[0].text, "");
  EXPECT_EQ((*rows)[1].line, 5U);
}

TEST(TableFile, ReadsJsonOfBothForms) {
  for (const char* text : {R"([{"id":"a","site":"1","load":2.5},{"id":7,"load":true}])",
                           R"({"a":{"site":"1","load":2.5},"7":{"load":true,"site":null}})"}) {
    const auto rows = read_table_rows(text, kSpec, 100);
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_EQ(rows->size(), 2U);
    EXPECT_EQ((*rows)[0].key.text, "a");
    EXPECT_TRUE((*rows)[0].cells[0].quoted);
    EXPECT_EQ((*rows)[0].cells[1].text, "2.5");
    EXPECT_EQ((*rows)[1].key.text, "7");
    EXPECT_EQ((*rows)[1].cells[0].text, "");
    EXPECT_EQ((*rows)[1].cells[1].text, "1");
  }
}

TEST(TableFile, RefusesWithThePlace) {
  const std::string head = "id,site,load\n";
  EXPECT_EQ(why(""), "t: no header");
  EXPECT_EQ(why("id,sites,load\n"), "t:1: no column 'site'; did you mean 'sites'?");
  EXPECT_EQ(why("id,site,load,id\n"), "t:1: column 'id' stands there twice");
  EXPECT_EQ(why(head + "a,b\n"), "t:2: 3 cells as in the header expected, got 2");
  EXPECT_EQ(why(head + ",b,1\n"), "t:2: the key is empty");
  EXPECT_EQ(why(head + "a,b,1\nb,b,1\n", kSpec, 1),
            "t:3: more than 1 rows: limits.table_rows is what a table may have");
  EXPECT_NE(why(head + "a,\"b,1\n"), "") << "a quote that is never closed";
  EXPECT_EQ(why(head + std::string("a\0b", 3)), "t: a NUL byte at 14");
  EXPECT_EQ(why(head + "a,\xff,1\n"), "t: not valid UTF-8");
  EXPECT_NE(why(head + "a," + std::string(70'000, 'x') + ",1\n"), "");
  EXPECT_NE(why(head + "a," + std::string(2 << 20, 'x') + ",1\n"), "");
  EXPECT_EQ(why("[{\"id\":\"a\",\"sight\":1,\"load\":1}]"), "t: no object has 'site'");
  EXPECT_EQ(why("[1]"), "t:1: an object expected");
  EXPECT_EQ(why("[{\"id\":\"a\",\"site\":1,\"load\":1},{\"id\":\"b\",\"site\":1,\"site\":2}]"),
            "t:2: 'site' stands there twice");
  EXPECT_EQ(why("[{\"id\":\"a\",\"site\":[1],\"load\":1}]"),
            "t:1: site: a text, a number or true/false expected");
  EXPECT_NE(why("{\"a\":"), "");
}

TEST(TableFile, ReadsTheTimeFromWhichARowHolds) {
  EnrichSpec spec = kSpec;
  spec.valid_from = "since";
  const std::string head = "id,site,load,since\n";
  const auto rows = read_table_rows(head + "a,b,1,2026-03-01T00:00:00Z\na,c,2,1\n", spec, 100);
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ((*rows)[0].cells.size(), 2U);
  EXPECT_EQ((*rows)[1].valid_from, EventTime(std::chrono::seconds(1)));
  EXPECT_EQ(why(head + "a,b,1,soon\n", spec),
            "t:2: since: a time (RFC 3339 or epoch) expected, got 'soon'");
}

}  // namespace
}  // namespace ouzel
