#include "ouzel/outcome/outcome.h"

#include <gtest/gtest.h>

#include "ouzel/base/random.h"

namespace ouzel {
namespace {

/// Two rows: a scored one with reasons and features, and a rejected one.
Batch two_rows() {
  Batch batch;
  batch.fate = {Fate::live, Fate::schema};
  batch.source.append("/plant/7");
  batch.source.append("/plant/\"8\"");
  batch.id.append("a81f");
  batch.id.append("b\n");
  batch.key.append("press-12");
  batch.key.append("press-13");
  batch.trace.append("4bf92f3577b34da6a3ce929d0e0e4736");
  batch.trace.append("");
  batch.time = {EventTime(std::chrono::milliseconds(1772352000120)), kNoTime};
  batch.detail.append("");
  batch.detail.append("temperature: expected a number, got \"hot\"");
  batch.flags = {kFlagLate, 0};
  batch.features.reset(2, 2);
  batch.features.row(0)[0] = 2.41;
  batch.score = {0.974F, 0};
  batch.confidence = {0.93F, 0};
  batch.label = {Label::anomaly, Label::normal};
  batch.route = {Route::alert, Route::pass};
  batch.reasons.resize(2);
  batch.reasons[0] = {.count = 1, .column = {1}, .weight = {0.61F}};
  return batch;
}

std::string body_of(const Batch& batch) {
  const std::vector<std::string> names = {"x", "vibration_std_64"};
  CommitWriter writer;
  writer.begin(Offset(10412));
  writer.add(batch, true, names);
  Totals totals{.scored = 1, .late = 1, .alerts = 1};
  totals.rejected[static_cast<std::size_t>(Fate::schema)] = 1;
  return writer.finish({.pipeline = "press-line",
                        .model_name = "press-anomaly",
                        .model_version = 4,
                        .threshold = 0.9,
                        .plan = {1, 2},
                        .control = 0,
                        .feature_names = {"vibration_std_64", "y"}},
                       totals);
}

TEST(Outcome, RendersTheContract) {
  const std::string body = body_of(two_rows());
  auto reader = CommitReader::open(body);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->totals().scored, 1u);
  EXPECT_EQ(reader->totals().rejected_total(), 1u);
  std::string out;
  render(out, PartitionId(3), reader->in_force(), *reader->next());
  EXPECT_EQ(out, R"({"specversion":"1.0","id":"3:10412","source":"/ouzel/press-line",)"
                 R"("type":"dev.ouzel.outcome.v1","time":"2026-03-01T08:00:00.120Z",)"
                 R"("datacontenttype":"application/json","data":{"event":{"source":"/plant/7",)"
                 R"("id":"a81f","key":"press-12","time":"2026-03-01T08:00:00.120Z"},)"
                 R"("position":{"partition":3,"offset":10412},"status":"scored","score":0.974,)"
                 R"("confidence":0.93,"label":"anomaly","threshold":0.9,"route":"alert",)"
                 R"("model":{"name":"press-anomaly","version":4,"role":"champion"},)"
                 R"("reasons":[{"feature":"vibration_std_64","weight":0.61}],)"
                 R"("features":{"vibration_std_64":2.41,"y":null},"flags":["late"],)"
                 R"("trace":"4bf92f3577b34da6a3ce929d0e0e4736"}})");
  out.clear();
  render_reject(out, PartitionId(3), reader->in_force(), *reader->next(), R"({"t":"hot"})");
  EXPECT_EQ(out, R"({"specversion":"1.0","id":"3:10413","source":"/ouzel/press-line",)"
                 R"("type":"dev.ouzel.outcome.v1","datacontenttype":"application/json",)"
                 R"("data":{"event":{"source":"/plant/\"8\"","id":"b\n","key":"press-13",)"
                 R"("bytes":"{\"t\":\"hot\"}"},"position":{"partition":3,"offset":10413},)"
                 R"("status":"rejected","reason":"schema",)"
                 R"("detail":"temperature: expected a number, got \"hot\"","flags":[]}})");
  EXPECT_FALSE(reader->next());
  EXPECT_FALSE(reader->damaged());
}

TEST(Outcome, AnyBytesReadWithoutHarm) {
  const std::string good = body_of(two_rows());
  Random random(3);
  for (int i = 0; i < 20000; ++i) {
    std::string bad = good.substr(0, random.below(good.size() + 1));
    for (int flips = 0; flips < 3 && !bad.empty(); ++flips) {
      bad[random.below(bad.size())] = static_cast<char>(random.bits());
    }
    auto reader = CommitReader::open(bad);
    if (!reader) continue;
    std::string out;
    while (const auto row = reader->next()) {
      render(out, PartitionId(0), reader->in_force(), *row);
      ASSERT_LT(out.size(), 1u << 20);
      out.clear();
    }
  }
}

TEST(Outcome, RendersEveryTimeThatFits) {
  Batch batch = two_rows();
  batch.time[0] = EventTime(std::chrono::nanoseconds(std::numeric_limits<std::int64_t>::min() + 1));
  const std::string body = body_of(batch);
  auto reader = CommitReader::open(body);
  ASSERT_TRUE(reader);
  std::string out;
  render(out, PartitionId(0), reader->in_force(), *reader->next());
  EXPECT_NE(out.find(R"("time":"1677-09-21T00:12:43.145224193Z")"), out.npos) << out;
}

TEST(Outcome, ReadsTheVersionBefore) {
  CommitWriter writer;
  writer.begin(Offset(7));
  Totals totals{.scored = 5, .late = 4, .alerts = 3, .reviews = 2, .review_overflow = 1};
  totals.rejected[1] = 9;
  const std::string body = writer.finish({.pipeline = "p", .plan = {5, 6}}, totals);
  EXPECT_EQ(CommitReader::open(body)->totals(), totals);
  std::string before = body;
  before[0] = 1;
  const std::size_t at = before.find("\5\4\3\2\1");
  ASSERT_NE(at, before.npos);
  before.erase(at + 4, 1);
  totals.review_overflow = 0;
  const auto reader = CommitReader::open(before);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->totals(), totals);
}

TEST(Outcome, AnEmptyCommitStillSaysWhatIsInForce) {
  CommitWriter writer;
  writer.begin(Offset(7));
  const std::string body = writer.finish({.pipeline = "p", .plan = {5, 6}}, {});
  const auto reader = CommitReader::open(body);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->first(), Offset(7));
  EXPECT_EQ(reader->rows(), 0u);
  EXPECT_EQ(reader->in_force().plan, (Hash128{5, 6}));
}

TEST(Outcome, TimesHaveAsManyDigitsAsTheyNeed) {
  const auto text = [](std::int64_t ns) {
    std::string out;
    render_time(out, EventTime(std::chrono::nanoseconds(ns)));
    return out;
  };
  EXPECT_EQ(text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(text(1), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(text(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(text(1'772'352'000'120'000'000), "2026-03-01T08:00:00.120Z");
  EXPECT_EQ(text(1'772'352'000'000'020'000), "2026-03-01T08:00:00.000020Z");
  EXPECT_EQ(text(std::numeric_limits<std::int64_t>::max()), "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(text(std::numeric_limits<std::int64_t>::min() + 1), "1677-09-21T00:12:43.145224193Z");
}

}  // namespace
}  // namespace ouzel
