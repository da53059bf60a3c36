#include "ouzel/app/top_screen.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <string_view>
#include <vector>

#include "ouzel/spec/quantity.h"

namespace ouzel {
namespace {

constexpr std::size_t kRateColumns = 10;

[[gnu::format(printf, 1, 2)]] std::string text(const char* form, ...) {
  char buffer[512];
  std::va_list arguments;
  va_start(arguments, form);
  const int size = std::vsnprintf(buffer, sizeof(buffer), form, arguments);
  va_end(arguments);
  return {buffer, std::min(static_cast<std::size_t>(std::max(size, 0)), sizeof(buffer) - 1)};
}

/// Columns that UTF-8 text takes on the screen, escape sequences not counted. All that we draw is
/// one column wide; what comes from outside is cleaned first.
std::size_t width(std::string_view line) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b') {
      while (i < line.size() && line[i] != 'm') ++i;
    } else if ((line[i] & 0xc0) != 0x80) {
      ++out;
    }
  }
  return out;
}

/// The line cut to `columns`.
std::string cut(const std::string& line, std::size_t columns) {
  if (width(line) <= columns) return line;
  std::string out;
  std::size_t at = 0;
  for (std::size_t used = 0; at < line.size();) {
    std::size_t end = at + 1;
    const bool escape = line[at] == '\x1b';
    if (escape) end = line.find('m', at) + 1;
    while (!escape && end < line.size() && (line[end] & 0xc0) == 0x80) ++end;
    if (!escape && ++used > columns) break;
    out.append(line, at, end - at);
    at = end;
  }
  return out + "\x1b[0m";
}

/// Text from outside without anything that could move the cursor or be more than a column wide.
std::string clean(std::string_view from) {
  std::string out(from);
  for (char& c : out) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return out;
}

class Painter {
 public:
  Painter(TopSize size, bool colour) : size_(size), colour_(colour) {}
  std::string bold(std::string_view what) const { return wrap("1", what); }
  std::string dim(std::string_view what) const { return wrap("2", what); }
  std::string red(std::string_view what) const { return wrap("31", what); }
  std::string green(std::string_view what) const { return wrap("32", what); }
  std::string yellow(std::string_view what) const { return wrap("33", what); }
  void line(const std::string& what) {
    if (lines_.size() < size_.rows) lines_.push_back(cut(what, size_.columns));
  }
  std::size_t left() const { return size_.rows - lines_.size(); }
  const TopSize& size() const { return size_; }
  std::string picture() const {
    std::string out;
    for (std::size_t i = 0; i < size_.rows; ++i) {
      if (i > 0) out += "\r\n";
      if (i < lines_.size()) out += lines_[i];
      out += "\x1b[K";
    }
    return out;
  }

 private:
  std::string wrap(const char* code, std::string_view what) const {
    if (!colour_) return std::string(what);
    return std::string("\x1b[") + code + "m" + std::string(what) + "\x1b[0m";
  }
  TopSize size_;
  bool colour_;
  std::vector<std::string> lines_;
};

std::string duration(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::max(0.0, seconds));
  return text("%02llu:%02llu:%02llu", static_cast<unsigned long long>(whole / 3600),
              static_cast<unsigned long long>(whole / 60 % 60),
              static_cast<unsigned long long>(whole % 60));
}

std::string count(double value) { return format_count(static_cast<std::uint64_t>(value + 0.5)); }

std::string milliseconds(double value) { return text(value < 10 ? "%.2f" : "%.0f", value); }

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

void draw_head(const TopModel& model, Painter& paint) {
  const StatusView& status = model.status;
  paint.line(paint.bold(" ouzel ") + " " + clean(status.pipeline) + paint.dim("   model ") +
             clean(status.model) + paint.dim("   up ") + duration(status.uptime_s) + "   " +
             paint.dim(clean(model.url)));
  if (!model.lost.empty()) {
    paint.line(paint.red(" no answer: " + clean(model.lost) + "; still trying"));
  }
  paint.line("");
  const std::string rate = count(model.rate());
  const std::string padding(kRateColumns > rate.size() ? kRateColumns - rate.size() : 0, ' ');
  paint.line(paint.dim(" events/s ") + padding + paint.bold(rate) + "  " +
             paint.green(bars(model.rates, paint.size().columns - kRateColumns - 14)));
  paint.line(paint.dim(" latency  ") + "  p50 " + paint.bold(milliseconds(status.latency_p50_ms)) +
             "  p90 " + paint.bold(milliseconds(status.latency_p90_ms)) + "  p99 " +
             paint.bold(milliseconds(status.latency_p99_ms)) + " ms" +
             paint.dim("  from acceptance to an outcome on disk; one sync p50 ") +
             milliseconds(status.sync_p50_ms) + paint.dim(" p99 ") +
             milliseconds(status.sync_p99_ms));
}

std::string labelled(const Painter& paint, const char* name, std::uint64_t value) {
  return paint.dim(name) + format_count(value);
}

void draw_counts(const TopModel& model, Painter& paint) {
  const StatusView& s = model.status;
  paint.line(paint.dim(" events     ") + labelled(paint, "accepted ", s.accepted) +
             labelled(paint, "  scored ", s.scored) + labelled(paint, "  rejected ", s.rejected) +
             labelled(paint, "  in flight ", s.in_flight) + labelled(paint, "  late ", s.late) +
             labelled(paint, "  duplicates ", s.duplicates) +
             labelled(paint, "  refused ", s.refused));
  std::uint64_t running = 0;
  for (const LaneView& lane : s.lanes) running += lane.state == "running" ? 1 : 0;
  std::string lanes =
      std::to_string(running) + " of " + std::to_string(s.lanes.size()) + " running";
  lanes = running == s.lanes.size() ? paint.green(lanes) : paint.red(lanes);
  paint.line(paint.dim(" lanes      ") + lanes + labelled(paint, "   keys ", s.keys) +
             paint.dim("   log ") + format_about(s.log_bytes) +
             labelled(paint, "   alerts ", s.alerts));
  for (const LaneView& lane : s.lanes) {
    if (lane.state == "running") continue;
    paint.line(paint.red("   lane " + std::to_string(lane.partition) + " " + clean(lane.state) +
                         " " + clean(lane.why)));
  }
}

std::string truth_text(const TruthScore& truth) {
  return text("precision %.2f  recall %.2f of %llu events, %.2f of %llu episodes",
              truth.precision(), truth.event_recall(),
              static_cast<unsigned long long>(truth.events), truth.episode_recall(),
              static_cast<unsigned long long>(truth.episodes));
}

std::string reasons_text(const OutcomeView& outcome) {
  std::string out;
  for (const auto& [name, weight] : outcome.reasons) {
    out += (out.empty() ? "" : ", ") + clean(name) + text(" %.2f", weight);
  }
  return out;
}

void draw_anomalies(const TopModel& model, Painter& paint) {
  paint.line("");
  paint.line(paint.dim(text(" %-24s  %-16s  %6s  %-7s  %s", "latest anomalies: event time", "key",
                            "score", "route", "reasons")));
  for (const OutcomeView& one : model.anomalies) {
    if (paint.left() <= 1) break;
    const std::string route = text("%-7s", clean(one.route).c_str());
    paint.line(text(" %-28s  %-16s  %6.4f  ", clean(one.time_text).substr(0, 28).c_str(),
                    clean(one.key).substr(0, 16).c_str(), one.score) +
               (one.route == "alert" ? paint.red(route) : paint.yellow(route)) + "  " +
               reasons_text(one));
  }
  if (model.anomalies.empty()) paint.line(paint.dim("   none yet"));
}

}  // namespace

std::string top_picture(const TopModel& model, TopSize size, bool colour) {
  Painter paint({std::max<std::size_t>(size.columns, 40), std::max<std::size_t>(size.rows, 10)},
                colour);
  draw_head(model, paint);
  draw_counts(model, paint);
  if (model.has_truth) paint.line(paint.dim(" truth      ") + truth_text(model.truth));
  draw_anomalies(model, paint);
  while (paint.left() > 1) paint.line("");
  paint.line(paint.dim(" q quits"));
  return paint.picture();
}

std::string top_line(const TopModel& model) {
  const StatusView& s = model.status;
  if (!model.lost.empty()) return "no answer: " + clean(model.lost);
  std::string out = text(
      "events/s=%.0f accepted=%llu scored=%llu rejected=%llu in_flight=%llu alerts=%llu "
      "keys=%llu latency_ms_p50=%.2f latency_ms_p90=%.2f latency_ms_p99=%.2f",
      model.rate(), static_cast<unsigned long long>(s.accepted),
      static_cast<unsigned long long>(s.scored), static_cast<unsigned long long>(s.rejected),
      static_cast<unsigned long long>(s.in_flight), static_cast<unsigned long long>(s.alerts),
      static_cast<unsigned long long>(s.keys), s.latency_p50_ms, s.latency_p90_ms,
      s.latency_p99_ms);
  if (model.has_truth) {
    out += text(" precision=%.2f recall_events=%.2f recall_episodes=%.2f", model.truth.precision(),
                model.truth.event_recall(), model.truth.episode_recall());
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
    out += text("%-18s %s\n", name, value.c_str());
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
    row("precision", text("%.3f of %llu anomalies", model.truth.precision(),
                          static_cast<unsigned long long>(model.truth.labelled)));
    row("recall, events", text("%.3f of %llu", model.truth.event_recall(),
                               static_cast<unsigned long long>(model.truth.events)));
    row("recall, episodes", text("%.3f of %llu", model.truth.episode_recall(),
                                 static_cast<unsigned long long>(model.truth.episodes)));
  }
  return out;
}

}  // namespace ouzel
