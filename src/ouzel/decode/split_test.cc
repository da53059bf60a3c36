#include "ouzel/decode/split.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "ouzel/decode/decoder.h"

namespace ouzel {
namespace {

using Parts = std::vector<std::pair<std::size_t, std::string>>;

Parts lines_of(std::string_view body) {
  Parts out;
  split_lines(body, [&](std::size_t number, std::string_view line) {
    out.emplace_back(number, std::string(line));
  });
  return out;
}

TEST(SplitLines, CutsAndNumbersLines) {
  EXPECT_EQ(lines_of(""), Parts{});
  EXPECT_EQ(lines_of("\n\r\n \t\n"), Parts{});
  EXPECT_EQ(lines_of("a"), (Parts{{0, "a"}}));
  EXPECT_EQ(lines_of("a\n"), (Parts{{0, "a"}}));
  EXPECT_EQ(lines_of("a\r\nb\r\n\r\nc"), (Parts{{0, "a"}, {1, "b"}, {3, "c"}}));
  EXPECT_EQ(lines_of("\n\n{\"a\":\"\\n\"}\n"), (Parts{{2, "{\"a\":\"\\n\"}"}}));
  EXPECT_EQ(lines_of(std::string_view("a\0b\nc", 5)),
            (Parts{{0, std::string("a\0b", 3)}, {1, "c"}}));
}

struct ArrayResult {
  Parts parts;
  bool good = false;
};

ArrayResult elements_of(std::string body) {
  const std::size_t size = body.size();
  body.append(kDecodePadding, ']');
  ArrayResult out;
  const auto count = split_array(std::string_view(body).substr(0, size),
                                 [&](std::size_t index, std::string_view element) {
                                   out.parts.emplace_back(index, std::string(element));
                                 });
  out.good = count.has_value();
  if (out.good) {
    EXPECT_EQ(*count, out.parts.size());
  }
  if (!out.good) {
    EXPECT_EQ(count.error().code, ErrorCode::config);
  }
  return out;
}

TEST(SplitArray, HandsOutElements) {
  EXPECT_EQ(elements_of("[]").parts, Parts{});
  EXPECT_EQ(elements_of(" [ \n ] ").parts, Parts{});
  EXPECT_EQ(elements_of("[1]").parts, (Parts{{0, "1"}}));
  EXPECT_EQ(elements_of("[ {\"a\":[1,{}]} ,\n \"x],[\\\"\" ]").parts,
            (Parts{{0, "{\"a\":[1,{}]}"}, {1, "\"x],[\\\"\""}}));
  // A backslash before the closing quote that is itself escaped.
  EXPECT_EQ(elements_of(R"(["\\",2])").parts, (Parts{{0, R"("\\")"}, {1, "2"}}));
  // Empty elements are left for the decoder to refuse, each under its index.
  EXPECT_EQ(elements_of("[1,,2]").parts, (Parts{{0, "1"}, {1, ""}, {2, "2"}}));
  EXPECT_EQ(elements_of("[1,]").parts, (Parts{{0, "1"}, {1, ""}}));
  for (const char* good : {"[]", " [ ] ", "[1]", "[[]]", "[1,,2]", "[}]]"}) {
    EXPECT_EQ(elements_of(good).good, good != std::string("[}]]")) << good;
  }
}

TEST(SplitArray, SaysWhatIsNoArray) {
  for (const char* bad : {"", " ", "{}", "1", "[", "[1", "[1,2", "[\"]", "[{]", "[1]]", "[1] 2",
                          "[1][2]", "]", "[\"\\\"]", "null"}) {
    EXPECT_FALSE(elements_of(bad).good) << bad;
  }
  EXPECT_EQ(elements_of("[1,2,{").parts, (Parts{{0, "1"}, {1, "2"}}));
  EXPECT_FALSE(elements_of(std::string(100'000, '[')).good);
}

TEST(LooksLikeCloudEvent, LooksAtTheTopLevelOnly) {
  for (const char* yes : {R"({"specversion":"1.0"})", R"(  { "id" : "a" , "specversion" : "1.0"})",
                          R"({"data":{"specversion":1},"specversion":"1.0"})",
                          R"({"a":"\"","b":[{}],"specversion":null,,,)"}) {
    EXPECT_TRUE(looks_like_cloudevent(yes)) << yes;
  }
  for (const char* no : {"", "{", "{}", R"("specversion")", R"(["specversion":1])",
                         R"({"data":{"specversion":"1.0"}})", R"({"a":"specversion"})",
                         R"({"a":"\"specversion\":"})", R"({"specversions":1})", R"({"specversion)",
                         R"({"specversion")", R"({}{"specversion":1})", R"(}}{"specversion":1})"}) {
    EXPECT_FALSE(looks_like_cloudevent(no)) << no;
  }
}

}  // namespace
}  // namespace ouzel
