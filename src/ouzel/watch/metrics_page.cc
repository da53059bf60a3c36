#include "ouzel/watch/metrics_page.h"

#include <array>
#include <charconv>
#include <utility>

#include "ouzel/base/check.h"

namespace ouzel {
namespace {

constexpr std::string_view kTotal = "_total";

template <class T>
void append_number(std::string& out, T value) {
  std::array<char, 40> text;
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

/// OpenMetrics wants bounds to look like floating-point numbers.
std::string bound_text(double value) {
  std::string out;
  append_number(out, value);
  if (out.find_first_of(".e") == out.npos) out += ".0";
  return out;
}

void append_escaped(std::string& out, std::string_view text, bool quote) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quote) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

constexpr std::size_t kSecondsBounds = 42;
constexpr std::array<std::uint64_t, kSecondsBounds> seconds_bounds() {
  std::array<std::uint64_t, kSecondsBounds> out{};
  for (std::size_t i = 0; i < kSecondsBounds; ++i) {
    const std::uint64_t octave = std::uint64_t{1} << (14 + i / 2);
    out[i] = i % 2 == 0 ? octave : octave + octave / 2;
  }
  return out;
}

constexpr std::size_t kRowsBounds = 14;
constexpr std::array<std::uint64_t, kRowsBounds> rows_bounds() {
  std::array<std::uint64_t, kRowsBounds> out{};
  for (std::size_t i = 0; i < kRowsBounds; ++i) out[i] = std::uint64_t{1} << i;
  return out;
}

}  // namespace

MetricsForm metrics_form(std::string_view accept) {
  return accept.find("application/openmetrics-text") != accept.npos ? MetricsForm::open_metrics
                                                                    : MetricsForm::prometheus_text;
}

std::string_view content_type(MetricsForm form) {
  return form == MetricsForm::open_metrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

HistogramScale seconds_scale() {
  static constexpr auto kBounds = seconds_bounds();
  return {.bounds = kBounds, .per_unit = 1e9, .inclusive = false};
}

HistogramScale rows_scale() {
  static constexpr auto kBounds = rows_bounds();
  return {.bounds = kBounds, .per_unit = 1, .inclusive = true};
}

void MetricsPage::family(std::string_view name, MetricKind kind, std::string_view help) {
  constexpr std::array<std::string_view, 3> kKinds = {"counter", "gauge", "histogram"};
  OUZEL_CHECK((kind == MetricKind::counter) == name.ends_with(kTotal));
  name_ = name;
  std::string_view shown = name;
  if (form_ == MetricsForm::open_metrics && kind == MetricKind::counter) {
    shown.remove_suffix(kTotal.size());
  }
  out_.append("# HELP ").append(shown).append(" ");
  append_escaped(out_, help, form_ == MetricsForm::open_metrics);
  out_.append("\n# TYPE ").append(shown).append(" ");
  out_.append(kKinds[static_cast<std::size_t>(kind)]).append("\n");
}

void MetricsPage::begin_sample(std::string_view suffix, MetricLabels labels,
                               std::string_view bound) {
  out_.append(name_).append(suffix);
  char next = '{';
  const auto label = [&](std::string_view name, std::string_view value) {
    out_ += next;
    next = ',';
    out_.append(name).append("=\"");
    append_escaped(out_, value, true);
    out_ += '"';
  };
  for (const MetricLabel& each : labels) label(each.name, each.value);
  if (!bound.empty()) label("le", bound);
  if (next == ',') out_ += '}';
  out_ += ' ';
}

void MetricsPage::sample(std::uint64_t value, MetricLabels labels) {
  begin_sample({}, labels, {});
  append_number(out_, value);
  out_ += '\n';
}

void MetricsPage::sample(double value, MetricLabels labels) {
  begin_sample({}, labels, {});
  append_number(out_, value);
  out_ += '\n';
}

void MetricsPage::histogram(const HistogramTotals& totals, const HistogramScale& scale,
                            MetricLabels labels) {
  std::uint64_t below = 0;
  std::size_t bucket = 0;
  const auto line = [&](std::string_view bound) {
    begin_sample("_bucket", labels, bound);
    append_number(out_, below);
    out_ += '\n';
  };
  for (const std::uint64_t bound : scale.bounds) {
    // The largest value that is still counted; buckets hold [upper of the one before, upper).
    const std::uint64_t last = scale.inclusive ? bound : bound - 1;
    while (bucket <= Histogram::bucket_of(last)) below += totals.buckets[bucket++];
    line(bound_text(static_cast<double>(bound) / scale.per_unit));
  }
  while (bucket < totals.buckets.size()) below += totals.buckets[bucket++];
  line("+Inf");
  begin_sample("_sum", labels, {});
  append_number(out_, static_cast<double>(totals.sum) / scale.per_unit);
  out_ += '\n';
  begin_sample("_count", labels, {});
  append_number(out_, below);
  out_ += '\n';
}

std::string MetricsPage::finish() {
  if (form_ == MetricsForm::open_metrics) out_ += "# EOF\n";
  return std::exchange(out_, std::string());
}

}  // namespace ouzel
