#include "ouzel/tool/terminal/top_screen.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include "ouzel/spec/quantity.h"
#include "ouzel/tool/terminal/painter.h"

namespace ouzel {
namespace {

constexpr std::size_t kRateColumns = 10;
constexpr std::size_t kWideColumns = 110;  ///< From here on a time stands with its date.
constexpr std::size_t kOverviewRows = 18;  ///< From here on the overview has stages.

std::string duration(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::max(0.0, seconds));
  return printed("%02llu:%02llu:%02llu", static_cast<unsigned long long>(whole / 3600),
                 static_cast<unsigned long long>(whole / 60 % 60),
                 static_cast<unsigned long long>(whole % 60));
}

std::string count(double value) { return format_count(static_cast<std::uint64_t>(value + 0.5)); }

std::string milliseconds(double value) { return printed(value < 10 ? "%.2f" : "%.0f", value); }

/// A span at a glance: `0.4 s`, `12 s`, `3 min`, `5 h`, `8 days`.
std::string about(double seconds) {
  if (seconds < 10) return printed("%.1f s", seconds);
  if (seconds < 120) return printed("%.0f s", seconds);
  if (seconds < 7200) return printed("%.0f min", seconds / 60);
  if (seconds < 172800) return printed("%.0f h", seconds / 3600);
  return printed("%.0f days", seconds / 86400);
}

/// How far the newest event lies behind the wall clock.
std::string behind(const TopModel& model, double newest_event_s) {
  if (newest_event_s <= 0) return "-";
  return about(std::max(0.0, model.now_s - newest_event_s));
}

/// The last rates as bars, as many as fit.
std::string bars(const std::deque<double>& rates, std::size_t columns) {
  constexpr std::string_view kBars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::size_t shown = std::min(columns, rates.size());
  double most = 1;
  for (std::size_t i = rates.size() - shown; i < rates.size(); ++i) {
    most = std::max(most, rates[i]);
  }
  std::string out;
  for (std::size_t i = rates.size() - shown; i < rates.size(); ++i) {
    out += kBars[std::clamp(static_cast<int>(rates[i] / most * 7.99), 0, 7)];
  }
  return out;
}

void draw_head(const TopModel& model, const TopLook& look, Painter& paint) {
  const StatusView& status = model.status;
  paint.line(paint.bold(" ouzel ") + " " + clean(status.pipeline) + paint.dim("   model ") +
             clean(status.model) + paint.dim("   up ") + duration(status.uptime_s) + "   " +
             paint.dim(clean(model.url)));
  constexpr std::array<const char*, kTopViews> kNames = {" 1 overview ", " 2 lanes ", " 3 stages ",
                                                         " 4 alerts "};
  std::string tabs;
  for (std::size_t i = 0; i < kTopViews; ++i) {
    const bool chosen = static_cast<TopView>(i) == look.view;
    std::string name = kNames[i];
    if (chosen) name.front() = '[', name.back() = ']';
    tabs += chosen ? paint.inverse(name) : paint.dim(name);
  }
  if (look.paused) tabs += paint.yellow("   paused");
  paint.line(tabs);
  if (!model.lost.empty()) {
    paint.line(paint.red(" no answer: " + clean(model.lost) + "; still trying"));
  }
}

void draw_rates(const TopModel& model, Painter& paint) {
  const StatusView& s = model.status;
  const std::string rate = count(model.rate());
  const std::string padding(kRateColumns > rate.size() ? kRateColumns - rate.size() : 0, ' ');
  const std::size_t used = kRateColumns + 14;
  const std::size_t room = paint.size().columns - std::min(paint.size().columns, used);
  paint.line(paint.dim(" events/s ") + padding + paint.bold(rate) + "  " +
             paint.green(bars(model.rates, room)));
  paint.items("latency", {paint.item("p50", paint.bold(milliseconds(s.latency_p50_ms))),
                          paint.item("p90", paint.bold(milliseconds(s.latency_p90_ms))),
                          paint.item("p99", paint.bold(milliseconds(s.latency_p99_ms)) + " ms"),
                          paint.dim("accepted to outcome on disk;"),
                          paint.item("one sync p50", milliseconds(s.sync_p50_ms)),
                          paint.item("p99", milliseconds(s.sync_p99_ms))});
}

void draw_counts(const TopModel& model, Painter& paint) {
  const StatusView& s = model.status;
  const auto number = [&](const char* name, std::uint64_t value) {
    return paint.item(name, format_count(value));
  };
  paint.items("events", {number("accepted", s.accepted), number("scored", s.scored),
                         number("rejected", s.rejected), number("in flight", s.in_flight),
                         number("late", s.late), number("duplicates", s.duplicates),
                         number("refused", s.refused)});
  std::uint64_t running = 0;
  double newest = 0;
  for (const LaneView& lane : s.lanes) {
    running += lane.state == "running" ? 1 : 0;
    newest = std::max(newest, lane.newest_event_s);
  }
  std::string lanes =
      std::to_string(running) + " of " + std::to_string(s.lanes.size()) + " running";
  lanes = running == s.lanes.size() ? paint.green(lanes) : paint.red(lanes);
  paint.items("lanes",
              {lanes, number("keys", s.keys), paint.item("log", format_about(s.log_bytes)),
               number("alerts", s.alerts),
               paint.item("newest event", behind(model, newest) + (newest > 0 ? " ago" : ""))});
  for (const LaneView& lane : s.lanes) {
    if (lane.state == "running") continue;
    paint.line(paint.red("   lane " + std::to_string(lane.partition) + " " + clean(lane.state) +
                         " " + clean(lane.why)));
  }
}

/// A share of nothing is no figure.
std::string share_text(double share, std::uint64_t of) {
  return of == 0 ? "-" : printed("%.2f", share);
}

std::string truth_text(const TruthScore& truth) {
  return printed("precision %s  recall %s of %llu events, %s of %llu episodes",
                 share_text(truth.precision(), truth.labelled).c_str(),
                 share_text(truth.event_recall(), truth.events).c_str(),
                 static_cast<unsigned long long>(truth.events),
                 share_text(truth.episode_recall(), truth.episodes).c_str(),
                 static_cast<unsigned long long>(truth.episodes));
}

std::string reasons_text(const OutcomeView& outcome) {
  std::string out;
  for (const auto& [name, weight] : outcome.reasons) {
    out += (out.empty() ? "" : ", ") + clean(name) + printed(" %.2f", weight);
  }
  return out;
}

/// The rows of a list that fit, from look.scroll on.
template <class Rows, class Draw>
void draw_list(const Rows& rows, TopLook& look, Painter& paint, Draw draw) {
  const std::size_t room = paint.left();
  look.scroll = std::min(look.scroll, rows.size() > room ? rows.size() - room : 0);
  for (std::size_t i = look.scroll; i < rows.size() && i < look.scroll + room; ++i) draw(rows[i]);
}

void draw_alerts(const TopModel& model, TopLook& look, Painter& paint) {
  const bool wide = paint.size().columns >= kWideColumns;
  const int time_columns = wide ? 28 : 12;
  paint.line(paint.dim(printed(" %-*s  %-16s  %6s  %-7s  %s", time_columns, "event time", "key",
                               "score", "route", "reasons (newest first)")));
  if (model.anomalies.empty()) paint.line(paint.dim("   none yet"));
  draw_list(model.anomalies, look, paint, [&](const OutcomeView& one) {
    std::string time = clean(one.time_text);
    if (!wide && time.size() > 11) time = time.substr(11);
    time.resize(std::min(time.size(), static_cast<std::size_t>(time_columns)));
    const std::string route = printed("%-7s", clean(one.route).c_str());
    paint.line(printed(" %-*s  %-16s  %6.4f  ", time_columns, time.c_str(),
                       clean(one.key).substr(0, 16).c_str(), one.score) +
               (one.route == "alert" ? paint.red(route) : paint.yellow(route)) + "  " +
               reasons_text(one));
  });
}

void draw_stages(const TopModel& model, TopLook& look, Painter& paint) {
  const StatusView& s = model.status;
  std::vector<StageView> rows = s.stages;
  rows.push_back({"one sync", 0, s.sync_p50_ms, 0, s.sync_p99_ms});
  rows.push_back({"whole way", 0, s.latency_p50_ms, s.latency_p90_ms, s.latency_p99_ms});
  paint.line(paint.dim(
      printed(" %-16s %12s %10s %10s %10s", "stage", "batches", "p50 ms", "p90 ms", "p99 ms")));
  draw_list(rows, look, paint, [&](const StageView& one) {
    const auto cell = [](double ms) { return ms > 0 ? printed("%.3f", ms) : std::string("-"); };
    paint.line(printed(" %-16s %12s %10s %10s %10s", clean(one.name).substr(0, 16).c_str(),
                       one.count > 0 ? format_count(one.count).c_str() : "-",
                       cell(one.p50_ms).c_str(), cell(one.p90_ms).c_str(),
                       cell(one.p99_ms).c_str()));
  });
}

void draw_lanes(const TopModel& model, TopLook& look, Painter& paint) {
  paint.line(paint.dim(printed(" %4s %-10s %12s %12s %8s %8s %9s %9s", "lane", "state", "accepted",
                               "scored", "rejected", "waiting", "keys", "behind")));
  draw_list(model.status.lanes, look, paint, [&](const LaneView& lane) {
    const bool running = lane.state == "running";
    const std::string state = printed("%-10s", clean(lane.state).substr(0, 10).c_str());
    paint.line(printed(" %4llu ", static_cast<unsigned long long>(lane.partition)) +
               (running ? paint.green(state) : paint.red(state)) +
               printed(" %12s %12s %8s %8s %9s %9s", format_count(lane.accepted).c_str(),
                       format_count(lane.scored).c_str(), format_count(lane.rejected).c_str(),
                       format_count(lane.in_flight).c_str(), format_count(lane.keys).c_str(),
                       behind(model, lane.newest_event_s).c_str()) +
               (lane.why.empty() ? "" : "  " + paint.red(clean(lane.why))));
  });
}

void draw_help(Painter& paint) {
  constexpr std::array<const char*, 9> kLines = {
      " Tab, right, left    next view, view before",
      " 1 2 3 4             overview, lanes, stages, alerts",
      " up, down            through a list; PgUp, PgDn, Home, End too; j and k",
      " p, space            pause: the picture stays as it is; again: go on",
      " ?                   this text, and back",
      " q, Ctrl-C           end; the summary stays on the terminal",
      "",
      " latency: from acceptance to the outcome on disk, since the engine started",
      " waiting: accepted events without an outcome yet (in flight)"};
  for (const char* text : kLines) paint.line(text);
}

void draw_overview(const TopModel& model, TopLook& look, Painter& paint) {
  draw_rates(model, paint);
  draw_counts(model, paint);
  if (paint.size().rows >= kOverviewRows && !model.status.stages.empty()) {
    std::vector<std::string> stages;
    for (const StageView& one : model.status.stages) {
      stages.push_back(paint.item(clean(one.name), milliseconds(one.p99_ms) + " ms"));
    }
    stages.push_back(paint.item("rows of a batch p50", count(model.status.batch_rows_p50)));
    stages.push_back(paint.item("p99", count(model.status.batch_rows_p99)));
    paint.items("stage p99", stages);
  }
  if (model.has_truth) paint.items("truth", {truth_text(model.truth)});
  paint.line("");
  draw_alerts(model, look, paint);
}

}  // namespace

std::string top_picture(const TopModel& model, TopLook& look, TerminalSize size, bool colour) {
  Painter paint({std::max<std::size_t>(size.columns, 40), std::max<std::size_t>(size.rows, 10)},
                colour);
  draw_head(model, look, paint);
  paint.line("");
  if (look.help) {
    draw_help(paint);
  } else {
    switch (look.view) {
      case TopView::overview: draw_overview(model, look, paint); break;
      case TopView::lanes: draw_lanes(model, look, paint); break;
      case TopView::stages: draw_stages(model, look, paint); break;
      case TopView::alerts: draw_alerts(model, look, paint); break;
    }
  }
  return paint.picture(paint.dim(" q quit   Tab next view   p pause   ? help"));
}

std::string top_line(const TopModel& model) {
  const StatusView& s = model.status;
  if (!model.lost.empty()) return "no answer: " + clean(model.lost);
  std::string out = printed(
      "events/s=%.0f accepted=%llu scored=%llu rejected=%llu in_flight=%llu alerts=%llu "
      "keys=%llu latency_ms_p50=%.2f latency_ms_p90=%.2f latency_ms_p99=%.2f",
      model.rate(), static_cast<unsigned long long>(s.accepted),
      static_cast<unsigned long long>(s.scored), static_cast<unsigned long long>(s.rejected),
      static_cast<unsigned long long>(s.in_flight), static_cast<unsigned long long>(s.alerts),
      static_cast<unsigned long long>(s.keys), s.latency_p50_ms, s.latency_p90_ms,
      s.latency_p99_ms);
  // A share of nothing is no figure.
  const TruthScore& truth = model.truth;
  if (truth.labelled > 0) out += printed(" precision=%.2f", truth.precision());
  if (truth.events > 0) {
    out += printed(" recall_events=%.2f recall_episodes=%.2f", truth.event_recall(),
                   truth.episode_recall());
  }
  return out;
}

std::string top_summary(const TopModel& model) {
  const StatusView& s = model.status;
  const StatusView& before = model.before;
  const std::uint64_t done = s.scored + s.rejected + s.in_flight;
  const std::uint64_t lost = s.accepted > done ? s.accepted - done : 0;
  std::string out;
  const auto row = [&](const char* name, const std::string& value) {
    out += printed("%-18s %s\n", name, value.c_str());
  };
  row("accepted", format_count(s.accepted - std::min(before.accepted, s.accepted)));
  row("scored", format_count(s.scored - std::min(before.scored, s.scored)));
  row("rejected", format_count(s.rejected - std::min(before.rejected, s.rejected)));
  row("in flight", format_count(s.in_flight));
  row("lost", format_count(lost));
  row("latency p50", milliseconds(s.latency_p50_ms) + " ms");
  row("latency p99", milliseconds(s.latency_p99_ms) + " ms");
  row("alerts", format_count(s.alerts - std::min(before.alerts, s.alerts)));
  if (model.has_truth) {
    row("precision", printed("%.3f of %llu anomalies", model.truth.precision(),
                             static_cast<unsigned long long>(model.truth.labelled)));
    row("recall, events", printed("%.3f of %llu", model.truth.event_recall(),
                                  static_cast<unsigned long long>(model.truth.events)));
    row("recall, episodes", printed("%.3f of %llu", model.truth.episode_recall(),
                                    static_cast<unsigned long long>(model.truth.episodes)));
  }
  return out;
}

}  // namespace ouzel
