#include "ouzel/base/json_text.h"

#include <gtest/gtest.h>

namespace ouzel {
namespace {

std::string text_of(std::string_view text, JsonLetters letters) {
  std::string out;
  append_json_text(out, text, letters);
  return out;
}

TEST(JsonText, EachFormWritesTheBytesThatStandOnDisk) {
  const std::string_view text("a\"b\\\n\t\r\x1f\x7f\xc3\xa9\0z", 13);
  EXPECT_EQ(text_of(text, JsonLetters::none),
            "\"a\\\"b\\\\\\u000a\\u0009\\u000d\\u001f\x7f\xc3\xa9\\u0000z\"");
  EXPECT_EQ(text_of(text, JsonLetters::newline),
            "\"a\\\"b\\\\\\n\\u0009\\u000d\\u001f\x7f\xc3\xa9\\u0000z\"");
  EXPECT_EQ(text_of(text, JsonLetters::newline_tab),
            "\"a\\\"b\\\\\\n\\t\\u000d\\u001f\x7f\xc3\xa9\\u0000z\"");
}

TEST(JsonText, EmptyTextIsTwoQuotes) { EXPECT_EQ(text_of("", JsonLetters::none), "\"\""); }

}  // namespace
}  // namespace ouzel
