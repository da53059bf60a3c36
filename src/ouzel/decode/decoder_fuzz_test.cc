// Bytes of others and bytes that nobody meant: no crash, one verdict, wherever they were decoded.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include "ouzel/base/random.h"
#include "ouzel/decode/decode_fixture.h"
#include "ouzel/decode/split.h"

namespace ouzel {
namespace {

std::vector<std::filesystem::path> files_of(const std::string& folder) {
  std::vector<std::filesystem::path> out;
  std::error_code error;
  const auto path = shared_folder() / "conformance" / "json" / folder;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    if (entry.path().extension() == ".json") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// The text as it is, and where a payload or a CloudEvent would hold it among what nobody reads.
std::array<std::string, 3> hidden(const std::string& json) {
  return {json, "{\"device_id\":\"d\",\"temperature\":1,\"x\":" + json + "}",
          R"({"specversion":"1.0","id":"i","source":"s","type":"t","data":{"device_id":"d",)"
          R"("temperature":1,"x":)" +
              json + "}}"};
}

TEST(JsonConformance, Parsing) {
  const auto files = files_of("test_parsing");
  if (files.empty()) GTEST_SKIP() << "SKIPPED: no JSON test suite; set OUZEL_SHARED to its folder";
  EXPECT_EQ(files.size(), 318U);
  Schema schema = plain_schema();
  schema.depth_max = 512;  // y_ has none deeper; i_ has one of 500
  for (const auto& file : files) {
    const std::string name = file.filename().string();
    const auto texts = hidden(read_whole(file));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto row =
          i == 2 ? decode_structured(schema, texts[i]) : decode_payload(schema, texts[i]);
      const bool malformed = row.fate == Fate::malformed;
      if (name.starts_with("i_")) continue;  // either will do
      EXPECT_EQ(malformed, name.starts_with("n_")) << name << i << row.detail;
      if (name.starts_with("y_") && i > 0) {
        EXPECT_EQ(row.fate, Fate::live) << name << row.detail;
      }
    }
  }
}

/// A parser of its own, slow and plain, for texts made of `tokens`.
class PlainJson {
 public:
  static bool accepts(const std::vector<std::string_view>& tokens) {
    PlainJson json{tokens};
    return json.value() && json.at_ == tokens.size();
  }

 private:
  explicit PlainJson(const std::vector<std::string_view>& tokens) : tokens_(tokens) {}
  bool take(std::string_view token) {
    if (at_ == tokens_.size() || tokens_[at_] != token) return false;
    ++at_;
    return true;
  }
  bool string() {
    if (at_ == tokens_.size() || tokens_[at_].front() != '"') return false;
    ++at_;
    return true;
  }
  bool value() {
    if (take("{")) return members();
    if (take("[")) return elements();
    return string() || take("1") || take("true") || take("null");
  }
  bool members() {
    if (take("}")) return true;
    do {
      if (!string() || !take(":") || !value()) return false;
    } while (take(","));
    return take("}");
  }
  bool elements() {
    if (take("]")) return true;
    do {
      if (!value()) return false;
    } while (take(","));
    return take("]");
  }

  const std::vector<std::string_view>& tokens_;
  std::size_t at_ = 0;
};

/// Tokens thrown together: whatever is no JSON is malformed, read or not.
TEST(JsonConformance, AgreesWithAPlainParser) {
  constexpr std::array<std::string_view, 12> kTokens = {
      "{", "}", "[", "]", ",", ":", "\"a\"", "\"temperature\"", "\"\\n\"", "1", "true", "null"};
  const Schema schema = plain_schema();
  for (const char* text : {R"({"x":["a":1]})", R"({"x":"a":{}})", R"(["a":{"b":1}])"}) {
    EXPECT_EQ(decode_payload(schema, text).fate, Fate::malformed) << text;
  }
  Random random(12);
  std::size_t good = 0;
  for (int i = 0; i < 30'000; ++i) {
    std::vector<std::string_view> tokens;
    const bool inside = random.chance(0.7);  // Few throws are JSON without a frame.
    if (inside) tokens = {"{", "\"x\"", ":", "["};
    for (std::uint64_t left = 1 + random.below(8); left > 0; --left) {
      tokens.push_back(kTokens[random.below(kTokens.size())]);
    }
    if (inside) tokens.insert(tokens.end(), {"]", "}"});
    std::string text;
    for (const std::string_view token : tokens) text.append(token).append(" ");
    const bool accepted = decode_payload(schema, text).fate != Fate::malformed;
    ASSERT_EQ(accepted, PlainJson::accepts(tokens)) << text;
    good += accepted;
  }
  EXPECT_GT(good, 1'000U);
}

TEST(JsonConformance, Transform) {
  const auto files = files_of("test_transform");
  if (files.empty()) GTEST_SKIP() << "SKIPPED: no JSON test suite; set OUZEL_SHARED to its folder";
  for (const auto& file : files) {
    for (const auto& text : hidden(read_whole(file))) {
      decode_payload(plain_schema(), text);
      decode_structured(plain_schema(), text);
    }
  }
}

/// The strings of a JSON array of strings, still in their quotes.
std::vector<std::string> naughty_strings() {
  std::vector<std::string> out;
  const std::string text = read_whole(shared_folder() / "conformance" / "strings" / "blns.json");
  const std::string padded = text + std::string(kDecodePadding, ' ');
  (void)split_array(std::string_view(padded).substr(0, text.size()),
                    [&](std::size_t, std::string_view element) { out.emplace_back(element); });
  return out;
}

TEST(JsonConformance, NaughtyStringsAsKeysAndIds) {
  const auto strings = naughty_strings();
  if (strings.empty()) GTEST_SKIP() << "SKIPPED: no blns.json; set OUZEL_SHARED to its folder";
  EXPECT_GT(strings.size(), 500U);
  std::set<std::string> keys;
  for (const std::string& text : strings) {
    const auto row =
        decode_payload(plain_schema(), "{\"device_id\":" + text + ",\"temperature\":1}");
    EXPECT_EQ(row.fate, text == "\"\"" ? Fate::no_key : Fate::live) << text << row.detail;
    keys.insert(row.key);
    const auto named =
        decode_structured(plain_schema(), R"({"specversion":"1.0","source":"s","type":"t","id":)" +
                                              text + R"(,"data":{"device_id":1,"temperature":1}})");
    EXPECT_EQ(named.fate, text == "\"\"" ? Fate::envelope : Fate::live) << text << named.detail;
    if (named.fate == Fate::live) {
      EXPECT_EQ(named.id, row.key);
    }
    decode_structured(plain_schema(),
                      R"({"specversion":"1.0","id":"i","type":"t","source":)" + text + "}");
    decode_payload(plain_schema(), R"({"device_id":1,"temperature":)" + text + "}");
  }
  std::set<std::string> distinct(strings.begin(), strings.end());
  EXPECT_EQ(keys.size(), distinct.size());
}

// -- mutations ------------------------------------------------------------------------------------

const std::array<std::string, 6> kSeeds{
    R"({"device_id":"press-12","ts":"2026-03-01T08:00:00.120Z","temperature":21.5,"count":-7,)"
    R"("on":true,"mode":"run","name":"ab","extra":{"deep":[1,"x\n",null,{"a":1e5}]}})",
    R"( { "temperature" : -1.25e1 , "device_id" : 17 , "ts" : 1772352000.123 , "x" : [ ] } )",
    R"({"device_id":"\u00e4\ud83d\ude00","temperature":0,"name":"ä","mode":null,"ts":null})",
    R"({"specversion":"1.0","id":"a81f","source":"/plant/7","type":"t",)"
    R"("time":"2026-03-01T08:00:00Z",)"
    R"("traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",)"
    R"("data":{"device_id":"d","temperature":20,"on":false}})",
    R"({"data_base64":"eyJkZXZpY2VfaWQiOiJkIiwidGVtcGVyYXR1cmUiOjIwfQ==","specversion":"1.0",)"
    R"("id":"1","source":"s","type":"t","datacontenttype":"application/json","ext":5})",
    R"([{"device_id":"d"},[[[]]],"s",-0.5e-7,true,false,null])"};

std::string piece(Random& random) {
  static const std::array<std::string, 24> kPieces{"{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   ",",
                                                   ":",
                                                   "\"",
                                                   "\\",
                                                   "\\u",
                                                   "\\ud800",
                                                   "null",
                                                   "true",
                                                   "1e999",
                                                   "-",
                                                   "0",
                                                   ".",
                                                   "e",
                                                   "\n",
                                                   std::string(1, '\0'),
                                                   "\xff",
                                                   "\xc3",
                                                   "\"temperature\":",
                                                   "\"device_id\":",
                                                   " "};
  return kPieces[random.below(kPieces.size())];
}

std::string mutated(Random& random) {
  std::string out = kSeeds[random.below(kSeeds.size())];
  const std::uint64_t changes = 1 + random.below(4);
  for (std::uint64_t i = 0; i < changes; ++i) {
    const std::size_t at = random.below(out.size() + 1);
    const std::size_t count = std::min<std::size_t>(random.below(12), out.size() - at);
    switch (random.below(6)) {
      case 0: out.insert(at, piece(random)); break;
      case 1: out.erase(at, count); break;
      case 2: out.replace(at, count, piece(random)); break;
      case 3: out.insert(at, out.substr(random.below(out.size() + 1), random.below(30))); break;
      case 4: out.resize(at); break;
      default:
        if (at < out.size()) out[at] = static_cast<char>(random.below(256));
    }
  }
  return out;
}

/// Whether every quotation and detail is whole: they are rendered as JSON later.
bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t size = lead < 0x80       ? 1
                             : lead >> 5 == 6  ? 2
                             : lead >> 4 == 14 ? 3
                             : lead >> 3 == 30 ? 4
                                               : 0;
    if (size == 0 || at + size > text.size()) return false;
    for (std::size_t i = 1; i < size; ++i) {
      if ((static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80) return false;
    }
    at += size;
  }
  return true;
}

void expect_sound(const OwnedRow& row, const std::string& bytes) {
  ASSERT_EQ(row.fate == Fate::live, row.detail.empty()) << bytes;
  ASSERT_LT(row.detail.size(), 400U) << bytes;
  for (const std::string& text : {row.detail, row.source, row.id, row.key}) {
    ASSERT_TRUE(is_utf8(text)) << bytes;
  }
  ASSERT_EQ(refused(row.fate), row.key.empty()) << bytes;
  if (row.fate == Fate::live) {
    ASSERT_TRUE(row.number(0) >= -40 && row.number(0) <= 150) << bytes;
  }
}

TEST(DecoderFuzz, DecodeIsAPureFunction) {
  const Schema schema = plain_schema();
  Decoder used(schema);
  Decoder other(schema);
  Random random(20260301);
  std::array<std::size_t, kFates> fates{};
  std::string before = kSeeds[0];
  for (int i = 0; i < 200'000; ++i) {
    const std::string bytes = mutated(random);
    const bool structured = random.chance(0.5);
    const Envelope envelope{structured ? EventForm::structured : EventForm::payload, "/e", "1", ""};
    const auto row = decode_with(used, envelope, bytes, '}');
    // Another decoder, which has just decoded something else, with other bytes behind the event.
    decode_with(other,
                {random.chance(0.5) ? EventForm::structured : EventForm::payload, "", "", ""},
                before);
    ASSERT_EQ(decode_with(other, envelope, bytes, "]\",1\0"[i % 5]), row) << bytes;
    if (i % 16 == 0) {
      Decoder fresh(schema);
      ASSERT_EQ(decode_with(fresh, envelope, bytes, ' '), row) << bytes;
    }
    expect_sound(row, bytes);
    ++fates[static_cast<std::size_t>(row.fate)];
    before = bytes;
  }
  // The mutations have to reach every verdict, or they prove little.
  for (const Fate fate :
       {Fate::live, Fate::schema, Fate::malformed, Fate::no_key, Fate::envelope}) {
    EXPECT_GT(fates[static_cast<std::size_t>(fate)], 1'000U) << to_string(fate);
  }
}

TEST(DecoderFuzz, CuttersAreBounded) {
  Random random(7);
  for (int i = 0; i < 50'000; ++i) {
    std::string bytes = mutated(random);
    const std::size_t size = bytes.size();
    looks_like_cloudevent(bytes);
    std::size_t handed = 0;
    const auto inside = [&](std::size_t, std::string_view part) {
      handed += part.size();
      ASSERT_TRUE(part.data() >= bytes.data() && part.data() + part.size() <= bytes.data() + size);
    };
    split_lines(bytes, inside);
    ASSERT_LE(handed, size);
    handed = 0;
    bytes.append(kDecodePadding, ']');
    (void)split_array(std::string_view(bytes).substr(0, size), inside);
    ASSERT_LE(handed, size);
  }
}

}  // namespace
}  // namespace ouzel
