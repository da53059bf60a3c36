#include "ouzel/watch/metrics_page.h"

#include <gtest/gtest.h>

namespace ouzel {
namespace {

HistogramTotals totals_of(std::initializer_list<std::uint64_t> values) {
  auto histogram = std::make_unique<Histogram>();
  for (const std::uint64_t value : values) histogram->record(value);
  HistogramTotals out;
  out.add(*histogram);
  return out;
}

TEST(MetricsPage, WritesCountersAndGauges) {
  MetricsPage page(MetricsForm::prometheus_text);
  page.family("ouzel_events_total", MetricKind::counter, "Events\\so far.\n\"x\"");
  page.sample(std::uint64_t{18446744073709551615U}, {{"a", "x\"y\\z\n"}, {"b", ""}});
  page.family("ouzel_keys", MetricKind::gauge, "Keys.");
  page.sample(0.25);
  EXPECT_EQ(page.finish(),
            "# HELP ouzel_events_total Events\\\\so far.\\n\"x\"\n"
            "# TYPE ouzel_events_total counter\n"
            "ouzel_events_total{a=\"x\\\"y\\\\z\\n\",b=\"\"} 18446744073709551615\n"
            "# HELP ouzel_keys Keys.\n"
            "# TYPE ouzel_keys gauge\n"
            "ouzel_keys 0.25\n");
}

TEST(MetricsPage, WritesOpenMetrics) {
  MetricsPage page(MetricsForm::open_metrics);
  page.family("ouzel_events_total", MetricKind::counter, "Events.");
  page.sample(std::uint64_t{3});
  EXPECT_EQ(page.finish(),
            "# HELP ouzel_events Events.\n"
            "# TYPE ouzel_events counter\n"
            "ouzel_events_total 3\n"
            "# EOF\n");
}

TEST(MetricsPage, ChoosesByAccept) {
  EXPECT_EQ(metrics_form("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"),
            MetricsForm::open_metrics);
  EXPECT_EQ(metrics_form("text/plain"), MetricsForm::prometheus_text);
  EXPECT_EQ(metrics_form(""), MetricsForm::prometheus_text);
}

TEST(MetricsPage, CountsRowsUpToTheBound) {
  MetricsPage page(MetricsForm::prometheus_text);
  page.family("rows", MetricKind::histogram, "Rows.");
  page.histogram(totals_of({1, 2, 4, 4, 5, 1024, 8192, 100'000}), rows_scale());
  const std::string text = page.finish();
  for (const char* line :
       {"rows_bucket{le=\"1.0\"} 1\n", "rows_bucket{le=\"2.0\"} 2\n", "rows_bucket{le=\"4.0\"} 4\n",
        "rows_bucket{le=\"8.0\"} 5\n", "rows_bucket{le=\"512.0\"} 5\n",
        "rows_bucket{le=\"1024.0\"} 6\n", "rows_bucket{le=\"8192.0\"} 7\n",
        "rows_bucket{le=\"+Inf\"} 8\n", "rows_sum 109232\n", "rows_count 8\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(MetricsPage, CountsTimesBelowTheBound) {
  MetricsPage page(MetricsForm::prometheus_text);
  page.family("time_seconds", MetricKind::histogram, "Time.");
  constexpr std::uint64_t kBound = 1 << 20;
  page.histogram(totals_of({0, kBound - 1, kBound, kBound * 3 / 2 - 1, kBound * 3 / 2}),
                 seconds_scale(), {{"stage", "x"}});
  const std::string text = page.finish();
  for (const char* line : {"time_seconds_bucket{stage=\"x\",le=\"0.001048576\"} 2\n",
                           "{stage=\"x\",le=\"0.001572864\"} 4\n", "{stage=\"x\",le=\"+Inf\"} 5\n",
                           "time_seconds_count{stage=\"x\"} 5\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

}  // namespace
}  // namespace ouzel
