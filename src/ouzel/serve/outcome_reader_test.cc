#include "ouzel/serve/outcome_reader.h"

#include <gtest/gtest.h>

#include "ouzel/base/random.h"
#include "ouzel/serve/fake_engine.h"

namespace ouzel {
namespace {

class OutcomeReaderTest : public testing::Test {
 protected:
  static OutcomeQuery query(std::string_view text) {
    const http::Headers none;
    const http::Request request{.path = "/api/v1/outcomes", .query = text, .headers = &none};
    auto out = parse_outcome_query(request);
    EXPECT_TRUE(out) << out.error().message;
    return *out;
  }
  OutcomePage read(const std::string& text, OutcomeReaderLimits limits = {}) {
    auto page = OutcomeReader(engine_.log, engine_, limits).read(query(text));
    EXPECT_TRUE(page) << page.error().message;
    return std::move(*page);
  }
  static std::string id_of(const std::string& outcome) {
    const std::size_t at = outcome.find("\"id\":\"") + 6;
    return outcome.substr(at, outcome.find('"', at) - at);
  }
  static std::vector<std::string> ids(const OutcomePage& page) {
    std::vector<std::string> out;
    for (const std::string& outcome : page.outcomes) out.push_back(id_of(outcome));
    return out;
  }
  /// All pages from `from` on, one after the other.
  std::vector<std::string> all(const std::string& from, const std::string& more,
                               OutcomeReaderLimits limits = {}) {
    std::vector<std::string> out;
    std::string next = from;
    for (int i = 0; i < 10'000; ++i) {
      const OutcomePage page = read("from=" + next + more, limits);
      for (std::string& id : ids(page)) out.push_back(std::move(id));
      if (to_string(page.next) == next) return out;
      next = to_string(page.next);
    }
    ADD_FAILURE() << "no end";
    return out;
  }
  std::vector<std::string> expected(std::uint16_t partition = FakeEngine::kPartitions) {
    std::vector<std::string> out;
    for (const MemoryFrame& frame : engine_.log.frames) {
      if (frame.header.topic != Topic::outcomes) continue;
      if (partition < FakeEngine::kPartitions && frame.header.partition.value() != partition) {
        continue;
      }
      for (std::uint32_t i = 0; i < frame.header.rows; ++i) {
        out.push_back(std::to_string(frame.header.partition.value()) + ":" +
                      std::to_string(frame.header.base.value() + i));
      }
    }
    return out;
  }
  void fill() {
    Random random(3);
    for (int i = 0; i < 40; ++i) {
      engine_.commit(static_cast<std::uint16_t>(random.below(2)),
                     static_cast<std::uint32_t>(random.below(30)));
    }
  }

  FakeEngine engine_;
};

TEST_F(OutcomeReaderTest, PagesShowEachOnceAndInOrder) {
  fill();
  const auto wanted = expected();
  for (const char* limit : {"&limit=1", "&limit=7", "&limit=10000"}) {
    EXPECT_EQ(all("beginning", limit), wanted) << limit;
  }
}

TEST_F(OutcomeReaderTest, SmallBoundsOnlyMakeMorePages) {
  fill();
  EXPECT_EQ(all("beginning", "", {.rows_max = 3}), expected());
  EXPECT_EQ(all("beginning", "", {.log_bytes_max = 100}), expected());
  EXPECT_EQ(all("beginning", "", {.answer_bytes_max = 1}), expected());
}

TEST_F(OutcomeReaderTest, StartsAtAnOffsetOfOnePartition) {
  fill();
  auto wanted = expected(1);
  wanted.erase(wanted.begin(), wanted.begin() + 20);
  EXPECT_EQ(all("1:20", "&limit=6"), wanted);
  EXPECT_TRUE(all("2:0", "").empty());
}

TEST_F(OutcomeReaderTest, ShowsTheNewestAndGoesOnFromThere) {
  fill();
  auto wanted = expected();
  const OutcomePage page = read("limit=25");
  EXPECT_EQ(ids(page), std::vector<std::string>(wanted.end() - 25, wanted.end()));
  EXPECT_TRUE(read("from=" + to_string(page.next)).outcomes.empty());
  engine_.commit(2, 2);
  EXPECT_EQ(ids(read("from=" + to_string(page.next))), (std::vector<std::string>{"2:0", "2:1"}));
  EXPECT_EQ(ids(read("")).size(), 100U);
  EXPECT_EQ(ids(read("limit=10000")), expected());
}

TEST_F(OutcomeReaderTest, TheNewestOfALongLogAreFoundNearItsEnd) {
  engine_.commit(0, 1);  // A partition that fell silent long ago.
  for (int i = 0; i < 2000; ++i) engine_.commit(1, 10);
  const OutcomePage page =
      read("limit=10", {.log_bytes_max = 10 * engine_.log.frames.back().header.bytes_on_disk()});
  EXPECT_EQ(ids(page).size(), 10U);
  EXPECT_EQ(ids(page).back(), "1:19999");
}

TEST_F(OutcomeReaderTest, EndShowsOnlyWhatComes) {
  fill();
  const OutcomePage page = read("from=end");
  EXPECT_TRUE(page.outcomes.empty());
  engine_.commit(0, 1);
  EXPECT_EQ(read("from=" + to_string(page.next)).outcomes.size(), 1U);
}

TEST_F(OutcomeReaderTest, Filters) {
  engine_.commit(0, 30);
  EXPECT_EQ(ids(read("key=k3")), (std::vector<std::string>{"0:3", "0:13", "0:23"}));
  EXPECT_EQ(ids(read("label=anomaly&from=beginning&limit=2")),
            (std::vector<std::string>{"0:0", "0:3"}));
  EXPECT_EQ(ids(read("route=alert&limit=2")), (std::vector<std::string>{"0:21", "0:27"}));
  EXPECT_EQ(ids(read("status=rejected")).size(), 6U);
  EXPECT_EQ(ids(read("status=scored&label=normal&limit=1000")).size(), 16U);
  EXPECT_TRUE(ids(read("key=nobody")).empty());
}

TEST_F(OutcomeReaderTest, ReportsDamageAndGoesOn) {
  for (int i = 0; i < 3; ++i) engine_.commit(0, 2);
  engine_.log.frames[3].damaged = true;
  const OutcomePage page = read("from=beginning");
  EXPECT_EQ(ids(page), (std::vector<std::string>{"0:0", "0:1", "0:4", "0:5"}));
  ASSERT_EQ(page.damage.size(), 1U);
  EXPECT_NE(to_json(page).find("\"damage\":[\"bytes 1 to 2 are damaged\"]"), std::string::npos);
  engine_.log.frames[5].body.resize(30);
  EXPECT_EQ(read("from=beginning").damage.size(), 2U);
}

TEST_F(OutcomeReaderTest, AnEmptyLogIsAnEmptyPage) {
  EXPECT_TRUE(read("").outcomes.empty());
  EXPECT_TRUE(read("from=beginning").outcomes.empty());
  EXPECT_TRUE(to_json(read("")).starts_with("{\"outcomes\":[],\"next\":\""));
}

TEST(OutcomeQuery, RefusesWhatItDoesNotUnderstand) {
  for (const char* wrong :
       {"limit=0", "limit=10001", "limit=x", "limit=", "label=odd", "route=away", "status=late",
        "from=", "from=1:", "from=:1", "from=1:x", "from=200:1", "from=1.0-0", "from=middle"}) {
    const http::Headers none;
    EXPECT_FALSE(parse_outcome_query({.query = wrong, .headers = &none})) << wrong;
  }
}

TEST(OutcomeCursor, RoundTripsAndIsChecked) {
  for (const OutcomeCursor& cursor :
       {OutcomeCursor{}, OutcomeCursor{LogPosition(~0ULL), 5, PartitionId(7)}}) {
    const std::string text = to_string(cursor);
    const auto back = parse_cursor(text);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->position, cursor.position);
    EXPECT_EQ(back->row, cursor.row);
    EXPECT_EQ(back->partition, cursor.partition);
    for (std::size_t i = 0; i < text.size(); ++i) {
      std::string broken = text;
      broken[i] = broken[i] == '7' ? '8' : '7';
      EXPECT_FALSE(parse_cursor(broken)) << broken;
    }
  }
}

}  // namespace
}  // namespace ouzel
