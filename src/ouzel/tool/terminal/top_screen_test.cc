#include "ouzel/tool/terminal/top_screen.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ouzel {
namespace {

TopModel model() {
  TopModel out;
  out.url = "http://127.0.0.1:8080";
  const auto status = read_status(
      R"({"pipeline":"demo","model":{"name":"detector","version":1},"accepted":1234567,)"
      R"("scored":1234000,"rejected":500,"in_flight":67,"late":1,"alerts":42,"duplicates":2,)"
      R"("refused":3,"keys":204,"latency_ms":{"p50":0.41,"p90":0.8,"p99":12.5},)"
      R"("sync_ms":{"p50":0.12,"p99":0.3},"stages_ms":{"feature":{"count":7,"p50":0.1,"p90":0.2,)"
      R"("p99":0.25}},"lanes":[{"partition":0,"state":"running","accepted":1000000},)"
      R"({"partition":1,"state":"stopped","why":"damage"}],"log":{"bytes":5000000},)"
      R"("uptime_s":3725.5})");
  EXPECT_TRUE(status);
  out.status = *status;
  out.rates = {100, 1000};
  const auto page = read_outcomes(
      R"({"outcomes":[{"id":"3:1","data":{"event":{"source":"/m","id":"x","key":"press-12",)"
      R"("time":"2026-03-01T08:00:00.120Z"},"score":0.974,"confidence":0.93,"label":"anomaly",)"
      R"("route":"alert","reasons":[{"feature":"vibration_level","weight":0.61},)"
      R"({"feature":"b","weight":0.2}]}}],"next":"17"})");
  EXPECT_TRUE(page);
  EXPECT_EQ(page->next, "17");
  out.anomalies.assign(page->outcomes.begin(), page->outcomes.end());
  return out;
}

std::string picture(const TopModel& model, TerminalSize size, TopLook look = {}) {
  return top_picture(model, look, size, false);
}

std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

TEST(TopScreen, ShowsWhatTheEngineSays) {
  const std::string picture = ouzel::picture(model(), {120, 24});
  for (const char* expected :
       {"demo", "detector v1", "01:02:05", "1,000", "p50 0.41", "p99 12", "accepted 1,234,567",
        "in flight 67", "1 of 2 running", "lane 1 stopped damage", "keys 204", "press-12", "0.974",
        "vibration_level 0.61, b 0.20", "q quit"}) {
    EXPECT_NE(picture.find(expected), std::string::npos) << expected << "\n" << picture;
  }
  EXPECT_EQ(picture.find("precision"), std::string::npos);
}

TEST(TopScreen, FitsTheScreen) {
  TopModel full = model();
  full.has_truth = true;
  full.lost = std::string(300, 'x');
  for (int i = 0; i < 100; ++i) full.anomalies.push_back(full.anomalies.front());
  for (int i = 0; i < 100; ++i) full.status.lanes.push_back(full.status.lanes.front());
  for (const TerminalSize size : {TerminalSize{40, 10}, {80, 24}, {200, 60}}) {
    for (std::size_t view = 0; view < 2 * kTopViews; ++view) {
      const TopLook look{.view = static_cast<TopView>(view % kTopViews), .help = view >= kTopViews};
      const std::string shown = picture(full, size, look);
      EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'),
                static_cast<std::ptrdiff_t>(size.rows - 1));
      for (std::size_t at = 0; at < shown.size();) {
        const std::size_t end = std::min(shown.find("\x1b", at), shown.size());
        EXPECT_LE(columns(shown.substr(at, end - at)), size.columns);
        const std::size_t next = shown.find('\n', at);
        at = next == std::string::npos ? shown.size() : next + 1;
      }
    }
  }
}

TEST(TopScreen, NothingThatCountsIsCutAt80Columns) {
  TopModel big = model();
  big.status.accepted = big.status.scored = 123'456'789'012;
  const std::string shown = picture(big, {80, 24});
  for (const char* expected :
       {"accepted 123,456,789,012", "scored 123,456,789,012", "late 1", "duplicates 2", "refused 3",
        "alerts 42", "log 5.0 MB", "feature", "08:00:00.120", "vibration_level 0.61"}) {
    EXPECT_NE(shown.find(expected), std::string::npos) << expected << "\n" << shown;
  }
}

TEST(TopScreen, Views) {
  EXPECT_NE(picture(model(), {80, 24}, {.view = TopView::lanes}).find("1,000,000"),
            std::string::npos);
  EXPECT_NE(picture(model(), {80, 24}, {.view = TopView::stages}).find("0.250"), std::string::npos);
  EXPECT_NE(picture(model(), {80, 24}, {.view = TopView::alerts}).find("press-12"),
            std::string::npos);
  EXPECT_NE(picture(model(), {80, 24}, {.help = true}).find("next view"), std::string::npos);
  EXPECT_NE(picture(model(), {80, 24}, {.paused = true}).find("paused"), std::string::npos);
}

TEST(TopScreen, AListScrollsToItsLastRowAndNoFurther) {
  TopModel many = model();
  many.anomalies.resize(100, many.anomalies.front());
  many.anomalies.back().key = "the-last";
  TopLook look{.view = TopView::alerts, .scroll = 5000};
  EXPECT_NE(top_picture(many, look, {80, 24}, false).find("the-last"), std::string::npos);
  EXPECT_LT(look.scroll, 100U);
  EXPECT_GT(look.scroll, 70U);
}

TEST(TopScreen, TextFromOutsideCannotSteerTheTerminal) {
  TopModel evil = model();
  evil.anomalies.front().key = "\x1b[2J\r\n";
  evil.status.pipeline = "a\x07";
  evil.status.stages.front().name = "\x1b[2J";
  for (std::size_t view = 0; view < kTopViews; ++view) {
    const std::string shown = picture(evil, {80, 24}, {.view = static_cast<TopView>(view)});
    EXPECT_EQ(shown.find("\x1b[2J"), std::string::npos);
    EXPECT_EQ(shown.find('\x07'), std::string::npos);
  }
}

TEST(TopLook, Keys) {
  TopLook look;
  EXPECT_EQ(press(look, "\t", 5), TopWish::redraw);
  EXPECT_EQ(look.view, TopView::lanes);
  press(look, "\x1b[D", 5);
  EXPECT_EQ(look.view, TopView::overview);
  press(look, "\x1b[Z", 5);
  EXPECT_EQ(look.view, TopView::alerts);
  press(look, "\x1b[B\x1b[6~\x1bOB\x1b[A", 5);
  EXPECT_EQ(look.scroll, 6U);
  press(look, "\x1b[C", 5);
  EXPECT_EQ(look.view, TopView::overview);
  EXPECT_EQ(look.scroll, 0U);
  press(look, "p", 5);
  EXPECT_TRUE(look.paused);
  press(look, " ?", 5);
  EXPECT_FALSE(look.paused);
  EXPECT_TRUE(look.help);
  press(look, "\x1b", 5);
  EXPECT_FALSE(look.help);
  press(look, "3", 5);
  EXPECT_EQ(look.view, TopView::stages);
  EXPECT_EQ(press(look, "\x1a", 5), TopWish::suspend);
  EXPECT_EQ(press(look, "xq", 5), TopWish::quit);
}

TEST(TopLook, AnUnknownSequenceIsNoCommand) {
  TopLook look;
  EXPECT_EQ(press(look, "\x1b[200~q", 5), TopWish::redraw);
  EXPECT_EQ(press(look, "\x1bq", 5), TopWish::redraw);
}

TEST(TopScreen, LineAndSummary) {
  TopModel one = model();
  one.has_truth = true;
  one.truth = {.labelled = 10, .right = 8, .events = 20, .episodes = 4, .episodes_found = 3};
  EXPECT_NE(top_line(one).find("accepted=1234567"), std::string::npos);
  EXPECT_NE(top_line(one).find("precision=0.80 recall_events=0.40 recall_episodes=0.75"),
            std::string::npos)
      << top_line(one);
  TopModel early = one;
  early.truth = {};
  EXPECT_EQ(top_line(early).find("precision="), std::string::npos);
  EXPECT_EQ(top_line(early).find("recall"), std::string::npos);
  EXPECT_NE(picture(early, {80, 24}).find("precision -  recall - of 0 events"), std::string::npos);
  const std::string summary = top_summary(one);
  EXPECT_NE(summary.find("lost               0\n"), std::string::npos) << summary;
  EXPECT_NE(summary.find("accepted           1,234,567\n"), std::string::npos);
  one.status.scored -= 5;
  EXPECT_NE(top_summary(one).find("lost               5\n"), std::string::npos);
}

TEST(EngineView, WhatIsMissingStaysAtItsDefault) {
  const auto status = read_status("{}");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->accepted, 0U);
  EXPECT_FALSE(read_status("{"));
  const auto page = read_outcomes(R"({"outcomes":[{}]})");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->outcomes.size(), 1U);
}

}  // namespace
}  // namespace ouzel
