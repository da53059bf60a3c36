#include "ouzel/gateway/event_text.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ouzel {
namespace {

/// Gives a text in small pieces.
class Pieces final : public ByteSource {
 public:
  Pieces(std::string text, std::size_t step) : text_(std::move(text)), step_(step) {}
  Result<std::size_t> read(char* out, std::size_t size) override {
    const std::size_t count = std::min({size, step_, text_.size() - at_});
    std::copy_n(text_.data() + at_, count, out);
    at_ += count;
    return count;
  }
  std::uint64_t bytes_read() const override { return at_; }

 private:
  const std::string text_;
  const std::size_t step_;
  std::size_t at_ = 0;
};

Schema schema_of_tests() {
  Schema schema;
  schema.key = {FieldSource::Kind::payload, "k"};
  schema.fields = {{.name = "n"}};
  schema.event_bytes_max = 100;
  return schema;
}

struct Line {
  std::uint64_t line = 0;
  EventForm form = EventForm::payload;
  std::string bytes;
  std::string detail;
  EventTextPlace place;  ///< Behind it.
  bool operator==(const Line& other) const {
    return line == other.line && form == other.form && bytes == other.bytes &&
           detail == other.detail && place.position == other.place.position &&
           place.line == other.place.line;
  }
};

struct Read {
  std::vector<Line> lines;
  std::string error;
};

Read read(const std::string& text, std::size_t step, EventTextPlace place = {}) {
  const Schema schema = schema_of_tests();
  Pieces pieces(text.substr(place.position), step);
  EventText events(&schema, names_of_file("p", 1, "f"), place);
  Read out;
  for (bool ended = false;;) {
    const auto event = events.next();
    if (!event) {
      out.error = event.error().message;
      return out;
    }
    if (*event != nullptr) {
      EXPECT_EQ((*event)->given.id, "f:" + std::to_string((*event)->line));
      out.lines.push_back({(*event)->line, (*event)->envelope.form, std::string((*event)->bytes),
                           std::string((*event)->envelope.detail), events.place()});
      continue;
    }
    if (ended) return out;
    if (!*events.fill(pieces)) {
      ended = true;
      events.end();
    }
  }
}

/// Bytes and lines, however they arrive; and from behind each event on the rest comes again.
std::vector<Line> read_all(const std::string& text, EventTextSpec spec = {}) {
  const Read whole = read(text, 1 << 20, {.spec = spec});
  EXPECT_EQ(whole.error, "");
  for (const std::size_t step : {1U, 2U, 7U, 50U}) {
    EXPECT_EQ(read(text, step, {.spec = spec}).lines, whole.lines) << "in steps of " << step;
  }
  for (std::size_t i = 0; i < whole.lines.size(); ++i) {
    const Read rest = read(text, 13, whole.lines[i].place);
    const std::vector<Line> expected(whole.lines.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                     whole.lines.end());
    EXPECT_EQ(rest.lines, expected) << "behind line " << whole.lines[i].line;
  }
  return whole.lines;
}

TEST(EventText, CutsLines) {
  const auto lines = read_all("\n{\"n\":1}\r\n\n{\"specversion\":\"1.0\"}\nx\n{\"n\":2}");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0].bytes, "{\"n\":1}");
  EXPECT_EQ(lines[0].line, 2U);
  EXPECT_EQ(lines[1].form, EventForm::structured);
  EXPECT_EQ(lines[2].bytes, "x");
  EXPECT_EQ(lines[3].line, 6U);
}

TEST(EventText, CutsRecords) {
  const auto lines =
      read_all("\xef\xbb\xbfk;n;z\r\nx;1;\"a\nb\"\r\n\r\ny;;\r\nz;2\r\n\"q;3;4\n;5;6");
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0].bytes, R"({"k":"x","n":1,"z":"a\u000ab"})");
  EXPECT_EQ(lines[0].line, 2U);
  EXPECT_EQ(lines[1].bytes, R"({"k":"y"})");
  EXPECT_EQ(lines[1].line, 5U);
  EXPECT_EQ(lines[2].detail, "line 6: expected 3 cells, got 2");
  EXPECT_EQ(lines[2].bytes, "z;2");
  EXPECT_EQ(lines[3].detail, "line 7: a quote is opened and not closed");
  EXPECT_EQ(lines[4].bytes, R"({"n":5,"z":6})");
}

TEST(EventText, TakesStatedColumns) {
  const auto lines = read_all("x,1\ny,2\n", {.format = TextFormat::csv, .columns = {"k", "n"}});
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].bytes, R"({"k":"x","n":1})");
}

TEST(EventText, RefusesLinesThatAreTooLong) {
  const std::string much(5000, 'y');
  for (const std::string& text : {"{\"n\":1}\n{" + much + "\n{\"n\":2}\n",
                                  "k,n\n" + much + ",1\nx,2\n", "k,n\n\"" + much + "\",1\nx,2\n"}) {
    const auto lines = read_all(text);
    const std::size_t at = text[0] == '{' ? 1 : 0;
    ASSERT_EQ(lines.size(), at + 2);
    EXPECT_EQ(lines[at].form, EventForm::refused);
    EXPECT_EQ(lines[at].line, 2U);
    EXPECT_EQ(lines[at].bytes.size(), EventText::kKeptBytesMax);
    EXPECT_EQ(lines[at + 1].line, 3U);
  }
  // One byte more than an event may have.
  for (const char* end : {"\n", "\r\n", ""}) {
    const auto edge = read_all("k,n\n" + std::string(99, 'y') + ",1" + end);
    ASSERT_EQ(edge.size(), 1U);
    EXPECT_EQ(edge[0].form, EventForm::refused);
    const auto quoted = read_all("k,n\n\"" + std::string(97, 'y') + "\",1" + end);
    ASSERT_EQ(quoted.size(), 1U);
    EXPECT_EQ(quoted[0].form, EventForm::refused);
  }
  const auto last = read_all("{\"n\":1}\n" + much);
  ASSERT_EQ(last.size(), 2U);
  EXPECT_EQ(last[1].detail,
            "line 2: expected at most 100 bytes, got 5000, of which the first 4096 are kept");
}

TEST(EventText, SaysWhatIsWrongWithTheFile) {
  EXPECT_EQ(read("a,b,a\n1,2,3\n", 100).error, "the header: two columns have the name a");
  EXPECT_EQ(read("a,b\r1,2\r3,4\r", 100).error.find("the header: a column's name has a CR in it"),
            0U);
  EXPECT_EQ(read("\xff\xfe"
                 "a\0",
                 100)
                .error.substr(0, 6),
            "UTF-16");
  EXPECT_EQ(read("\"a,b\n1,2\n", 100).error, "line 1: no header: a quote is opened and not closed");
  EXPECT_EQ(read(std::string(1000, 'a'), 100).error, "the first line has no end in 100 bytes");
  EXPECT_TRUE(read("\n \n", 100).lines.empty());
}

TEST(EventText, UndoesGzip) {
  // Two members, "ab\n" and "c": gzip -n.
  const std::string ab("\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x4c\xe2\x02\0\x3e\x98\x4a\x01\x03\0\0\0",
                       23);
  bool gzip = false;
  auto source = plain_bytes(std::make_unique<Pieces>(ab + ab, 5), gzip);
  ASSERT_TRUE(source.has_value());
  EXPECT_TRUE(gzip);
  std::string text(100, '\0');
  std::size_t have = 0;
  for (std::size_t count = 1; count > 0; have += count) {
    const auto got = (*source)->read(text.data() + have, 100 - have);
    ASSERT_TRUE(got.has_value()) << got.error().message;
    count = *got;
  }
  EXPECT_EQ(text.substr(0, have), "ab\nab\n");
  for (std::size_t bytes = 2; bytes < ab.size(); ++bytes) {
    source = plain_bytes(std::make_unique<Pieces>(ab.substr(0, bytes), 100), gzip);
    Result<std::size_t> got = 1;
    while (got && *got > 0) got = (*source)->read(text.data(), text.size());
    EXPECT_FALSE(got.has_value()) << "cut to " << bytes;
  }
}

}  // namespace
}  // namespace ouzel
