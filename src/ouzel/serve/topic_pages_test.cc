#include "ouzel/serve/topic_pages.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ouzel/base/random.h"
#include "ouzel/serve/fake_engine.h"

namespace ouzel {
namespace {

class TopicPagesTest : public testing::Test {
 protected:
  OutcomeQuery query(std::string_view text) {
    const http::Headers none;
    const http::Request request{.query = text, .headers = &none};
    auto out = parse_outcome_query(request, topic_);
    EXPECT_TRUE(out) << out.error().message;
    return *out;
  }
  TopicPage read(const std::string& text, TopicPageLimits limits = {}) {
    auto page = TopicPages(engine_.log, engine_, limits).read(topic_, query(text));
    EXPECT_TRUE(page) << page.error().message;
    return std::move(*page);
  }
  /// Its position: an outcome's id, an event's `ouzelposition`.
  std::string id_of(const std::string& line) const {
    const std::string name = topic_ == ShownTopic::events ? "\"ouzelposition\":\"" : "\"id\":\"";
    const std::size_t at = line.find(name) + name.size();
    return line.substr(at, line.find('"', at) - at);
  }
  std::vector<std::string> ids(const TopicPage& page) const {
    std::vector<std::string> out;
    for (const std::string& line : page.lines) out.push_back(id_of(line));
    return out;
  }
  /// All pages from `from` on, one after the other.
  std::vector<std::string> all(const std::string& from, const std::string& more,
                               TopicPageLimits limits = {}) {
    std::vector<std::string> out;
    std::string next = from;
    for (int i = 0; i < 10'000; ++i) {
      const TopicPage page = read("from=" + next + more, limits);
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
      if (frame.header.topic != topic_of(topic_)) continue;
      if (partition < FakeEngine::kPartitions && frame.header.partition.value() != partition) {
        continue;
      }
      for (std::uint32_t i = 0; i < frame.header.rows; ++i) {
        const std::uint64_t offset = frame.header.base.value() + i;
        if (topic_ == ShownTopic::rejects && offset % 5 != 4) continue;
        out.push_back(std::to_string(frame.header.partition.value()) + ":" +
                      std::to_string(offset));
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
  ShownTopic topic_ = ShownTopic::outcomes;
};

TEST_F(TopicPagesTest, ACursorThatRetentionHasPassedIsSaid) {
  fill();
  const TopicPage first = read("from=beginning&limit=3");
  EXPECT_TRUE(first.damage.empty());
  engine_.log.forget(20);
  const TopicPage next = read("from=" + to_string(first.next));
  ASSERT_EQ(next.damage.size(), 1U);
  EXPECT_NE(next.damage.front().find("retention has passed"), std::string::npos);
  EXPECT_TRUE(read("from=" + to_string(next.next)).damage.empty());
}

TEST_F(TopicPagesTest, ACursorFarBehindRetentionGoesOn) {
  fill();
  const std::string cursor = to_string(read("from=beginning&limit=1").next);
  engine_.log.forget(40);
  EXPECT_EQ(all(cursor, "", {.log_bytes_max = 100}), expected());
  const MemoryFrame last = engine_.log.frames.back();
  engine_.log.frames = {last};
  engine_.log.frames.back().header.topic = Topic::events;  // Nothing to show, but a place.
  EXPECT_TRUE(read("from=" + to_string(read("from=" + cursor).next)).damage.empty());
}

TEST_F(TopicPagesTest, AnOffsetThatRetentionHasPassedIsSaidOnce) {
  for (int i = 0; i < 5; ++i) {
    engine_.commit(0, 4);
    engine_.commit(1, 4);
  }
  engine_.log.forget(8);
  for (const ShownTopic topic : {ShownTopic::outcomes, ShownTopic::rejects, ShownTopic::events}) {
    topic_ = topic;
    const TopicPage page = read("from=1:3&limit=1");
    EXPECT_EQ(page.damage,
              std::vector<std::string>{"partition 1: offsets 3 to 7 are no longer there"});
    EXPECT_EQ(page.lines.size(), 1U);
    EXPECT_TRUE(read("from=" + to_string(page.next)).damage.empty());
    EXPECT_TRUE(read("from=1:8").damage.empty());
    EXPECT_TRUE(read("from=1:30").damage.empty());
  }
}

TEST_F(TopicPagesTest, ACursorOfAnotherLogIsRefused) {
  fill();
  const auto page =
      TopicPages(engine_.log, engine_)
          .read(topic_, query("from=" + to_string(OutcomeCursor{LogPosition(1 << 30)})));
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, ErrorCode::config);
}

TEST_F(TopicPagesTest, PagesShowEachOnceAndInOrder) {
  fill();
  const auto wanted = expected();
  for (const char* limit : {"&limit=1", "&limit=7", "&limit=10000"}) {
    EXPECT_EQ(all("beginning", limit), wanted) << limit;
  }
}

TEST_F(TopicPagesTest, SmallBoundsOnlyMakeMorePages) {
  fill();
  EXPECT_EQ(all("beginning", "", {.rows_max = 3}), expected());
  EXPECT_EQ(all("beginning", "", {.log_bytes_max = 100}), expected());
  EXPECT_EQ(all("beginning", "", {.answer_bytes_max = 1}), expected());
}

TEST_F(TopicPagesTest, StartsAtAnOffsetOfOnePartition) {
  fill();
  auto wanted = expected(1);
  wanted.erase(wanted.begin(), wanted.begin() + 20);
  EXPECT_EQ(all("1:20", "&limit=6"), wanted);
  EXPECT_TRUE(all("2:0", "").empty());
}

TEST_F(TopicPagesTest, ShowsTheNewestAndGoesOnFromThere) {
  fill();
  auto wanted = expected();
  const TopicPage page = read("limit=25");
  EXPECT_EQ(ids(page), std::vector<std::string>(wanted.end() - 25, wanted.end()));
  EXPECT_TRUE(read("from=" + to_string(page.next)).lines.empty());
  engine_.commit(2, 2);
  EXPECT_EQ(ids(read("from=" + to_string(page.next))), (std::vector<std::string>{"2:0", "2:1"}));
  EXPECT_EQ(ids(read("")).size(), 100U);
  EXPECT_EQ(ids(read("limit=10000")), expected());
}

TEST_F(TopicPagesTest, TheNewestOfALongLogAreFoundNearItsEnd) {
  engine_.commit(0, 1);  // A partition that fell silent long ago.
  for (int i = 0; i < 2000; ++i) engine_.commit(1, 10);
  const TopicPage page =
      read("limit=10", {.log_bytes_max = 10 * engine_.log.frames.back().header.bytes_on_disk()});
  EXPECT_EQ(ids(page).size(), 10U);
  EXPECT_EQ(ids(page).back(), "1:19999");
}

TEST_F(TopicPagesTest, EndShowsOnlyWhatComes) {
  fill();
  const TopicPage page = read("from=end");
  EXPECT_TRUE(page.lines.empty());
  engine_.commit(0, 1);
  EXPECT_EQ(read("from=" + to_string(page.next)).lines.size(), 1U);
}

TEST_F(TopicPagesTest, Filters) {
  engine_.commit(0, 30);
  EXPECT_EQ(ids(read("key=k3")), (std::vector<std::string>{"0:3", "0:13", "0:23"}));
  EXPECT_EQ(ids(read("label=anomaly&from=beginning&limit=2")),
            (std::vector<std::string>{"0:0", "0:3"}));
  EXPECT_EQ(ids(read("route=alert&limit=2")), (std::vector<std::string>{"0:21", "0:27"}));
  EXPECT_EQ(ids(read("status=rejected")).size(), 6U);
  EXPECT_EQ(ids(read("status=scored&label=normal&limit=1000")).size(), 16U);
  EXPECT_TRUE(ids(read("key=nobody")).empty());
}

TEST_F(TopicPagesTest, ReportsDamageAndGoesOn) {
  for (int i = 0; i < 3; ++i) engine_.commit(0, 2);
  engine_.log.frames[3].damaged = true;
  const TopicPage page = read("from=beginning");
  EXPECT_EQ(ids(page), (std::vector<std::string>{"0:0", "0:1", "0:4", "0:5"}));
  ASSERT_EQ(page.damage.size(), 1U);
  EXPECT_NE(to_json(page, "outcomes").find("\"damage\":[\"bytes 1 to 2 are damaged\"]"),
            std::string::npos);
  engine_.log.frames[5].body.resize(30);
  EXPECT_EQ(read("from=beginning").damage.size(), 2U);
}

TEST_F(TopicPagesTest, AnEmptyLogIsAnEmptyPage) {
  EXPECT_TRUE(read("").lines.empty());
  EXPECT_TRUE(read("from=beginning").lines.empty());
  EXPECT_TRUE(to_json(read(""), "outcomes").starts_with("{\"outcomes\":[],\"next\":\""));
}

/// All that holds for outcomes.
TEST_F(TopicPagesTest, ShowsEventsAndRejects) {
  fill();
  for (const ShownTopic topic : {ShownTopic::events, ShownTopic::rejects}) {
    topic_ = topic;
    const auto wanted = expected();
    ASSERT_FALSE(wanted.empty());
    for (const char* limit : {"&limit=1", "&limit=7", "&limit=10000"}) {
      EXPECT_EQ(all("beginning", limit), wanted) << limit;
    }
    EXPECT_EQ(all("beginning", "", {.rows_max = 3}), wanted);
    EXPECT_EQ(all("beginning", "", {.log_bytes_max = 100}), wanted);
    EXPECT_EQ(all("beginning", "", {.answer_bytes_max = 1}), wanted);
    const auto one = expected(1);
    EXPECT_EQ(all("1:29", "&limit=3"),
              std::vector(std::find(one.begin(), one.end(), "1:29"), one.end()));
    EXPECT_EQ(ids(read("limit=10000")), wanted);
    EXPECT_EQ(ids(read("limit=3")), std::vector(wanted.end() - 3, wanted.end()));
    EXPECT_TRUE(read("from=beginning").damage.empty());
  }
  EXPECT_NE(read("limit=1").lines.front().find(R"("bytes":"\"eee)"), std::string::npos);
}

TEST(OutcomeQuery, RefusesWhatItDoesNotUnderstand) {
  for (const char* wrong :
       {"limit=0", "limit=10001", "limit=x", "limit=", "label=odd", "route=away", "status=late",
        "from=", "from=1:", "from=:1", "from=1:x", "from=200:1", "from=1.0-0", "from=middle"}) {
    const http::Headers none;
    const http::Request request{.query = wrong, .headers = &none};
    EXPECT_FALSE(parse_outcome_query(request, ShownTopic::outcomes)) << wrong;
  }
}

TEST(OutcomeQuery, SaysWhichPartitionsThereAre) {
  FakeEngine engine;
  const http::Headers none;
  const auto why = [&](std::string_view text) {
    const http::Request request{.query = text, .headers = &none};
    const auto query = parse_outcome_query(request, ShownTopic::outcomes);
    const auto judged = judge_partition(*query, engine);
    return judged ? "" : judged.error().message;
  };
  EXPECT_EQ(why("from=2:7"), "");
  EXPECT_EQ(why("from=3:0"), "from: there is no partition 3 here, of 3: 0 to 2");
  engine.current.lanes.erase(engine.current.lanes.begin() + 1);
  EXPECT_EQ(why("from=1:0"), "from: there is no partition 1 here, of 2: 0, 2");
  engine.current.lanes.clear();
  EXPECT_EQ(why("from=1:0"), "from: no partition is here yet");
}

TEST(OutcomeQuery, NamesAParameterThatThereIsNot) {
  const http::Headers none;
  const auto why = [&](std::string_view text) {
    const auto judged = judge_parameters({.query = text, .headers = &none}, {"from", "limit"});
    return judged ? "" : judged.error().message;
  };
  EXPECT_EQ(why(""), "");
  EXPECT_EQ(why("limit=1&&from=end&"), "");
  EXPECT_EQ(why("l%69mit=1"), "");
  EXPECT_EQ(why("from=end&limt=1"), "there is no parameter 'limt' here; did you mean 'limit'?");
  EXPECT_EQ(why("x%zz"), "there is no parameter 'x%zz' here; known: from, limit");
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
