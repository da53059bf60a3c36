/// MetricsPage: writes metrics as Prometheus reads them, in its text format 0.0.4 or as OpenMetrics
/// 1.0. Knows the form only; which metrics there are stands in serve/metrics.cc.
///
/// A value of one scrape; one thread. Source: prometheus.io/docs/instrumenting/exposition_formats,
/// OpenMetrics 1.0.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "ouzel/base/histogram.h"

namespace ouzel {

enum class MetricsForm : std::uint8_t { prometheus_text, open_metrics };
/// What an `Accept` header asks for.
MetricsForm metrics_form(std::string_view accept);
std::string_view content_type(MetricsForm form);

enum class MetricKind : std::uint8_t { counter, gauge, histogram };

struct MetricLabel {
  std::string_view name;
  std::string_view value;
};
using MetricLabels = std::initializer_list<MetricLabel>;

/// How a histogram's integers become a metric's numbers. `bounds` are in the histogram's unit; each
/// must be the end of one of its buckets: a power of two, or 1.5 times one.
struct HistogramScale {
  std::span<const std::uint64_t> bounds;
  double per_unit = 1;     ///< Integers in one unit: 1e9 for nanoseconds as seconds.
  bool inclusive = false;  ///< The bucket that begins with a bound counts as below it.
};
/// 16 µs to 17 s, two bounds an octave; nanoseconds as seconds.
HistogramScale seconds_scale();
/// 1 to 8192, one bound an octave.
HistogramScale rows_scale();

class MetricsPage {
 public:
  explicit MetricsPage(MetricsForm form) : form_(form) {}

  /// Begins a family; its samples follow. A counter's name ends with `_total`.
  void family(std::string_view name, MetricKind kind, std::string_view help);
  void sample(std::uint64_t value, MetricLabels labels = {});
  void sample(double value, MetricLabels labels = {});
  void histogram(const HistogramTotals& totals, const HistogramScale& scale,
                 MetricLabels labels = {});
  std::string finish();

 private:
  void begin_sample(std::string_view suffix, MetricLabels labels, std::string_view bound);
  const MetricsForm form_;
  std::string name_;
  std::string out_;
};

}  // namespace ouzel
