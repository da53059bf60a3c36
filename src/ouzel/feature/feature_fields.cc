#include "ouzel/feature/feature_fields.h"

#include <string>
#include <utility>
#include <vector>

#include "ouzel/feature/feature_plan.h"

namespace ouzel {
namespace {

std::vector<std::pair<FeatureFunction, Word>> function_words() {
  const std::vector<std::pair<FeatureFunction, std::string>> meanings = {
      {FeatureFunction::count, "how many values the window holds"},
      {FeatureFunction::sum, "their sum"},
      {FeatureFunction::mean, "their mean, or average"},
      {FeatureFunction::std, "their sample standard deviation"},
      {FeatureFunction::min, "the smallest"},
      {FeatureFunction::max, "the largest"},
      {FeatureFunction::range, "the largest less the smallest"},
      {FeatureFunction::last, "the newest"},
      {FeatureFunction::delta, "the newest less the one before"},
      {FeatureFunction::rate, "change per second from the oldest to the newest"},
      {FeatureFunction::slope, "change per second of the least-squares line"},
      {FeatureFunction::ewma, "exponentially weighted mean"},
      {FeatureFunction::zscore, "distance of this value from the window before it, in its std"},
      {FeatureFunction::quantile,
       "the value of rank q, such as the median; over a span of a sample"},
      {FeatureFunction::distinct, "how many different values, also of texts; over a span up to 64"},
      {FeatureFunction::lag, "the value `lag` values before (no window)"},
      {FeatureFunction::since, "seconds since the value before, or the key's event (no window)"},
      {FeatureFunction::hour, "hour of the event's time, 0 to 23 (without `of`)"},
      {FeatureFunction::weekday, "its day of the week, 0 is Monday (without `of`)"},
      {FeatureFunction::one_hot, "a column for each word of a text's enum, 1 or 0 (no window)"},
      {FeatureFunction::ordinal, "place of the word in the enum, from 0 (no window)"},
  };
  std::vector<std::pair<FeatureFunction, Word>> words;
  for (const auto& [function, help] : meanings) {
    words.push_back({function, {std::string(to_string(function)), help}});
  }
  return words;
}

void add_examples(TableOf<FeatureSpec>& table) {
  table.example("of: [temperature, pressure]\ntake: [mean, std, zscore]\nlast: 64")
      .example("{of: temperature, take: [max, slope, quantile], q: 0.9, over: 5m}")
      .example("{of: temperature, take: [lag, since], lag: 3}")
      .example("{of: mode, take: [one_hot, ordinal]}")
      .example("{take: [hour, weekday], zone: Europe/Berlin}")
      .example("{ratio: [pressure, temperature]}")
      .example("{difference: [outlet, inlet]}");
}

}  // namespace

TableOf<FeatureSpec> feature_fields() {
  TableOf<FeatureSpec> table("features",
                             "Rolling statistics for each key, and functions of a row; see "
                             "docs/explanation/features.md.");
  table
      .texts("of", &FeatureSpec::of,
             {.help = "Fields to look at",
              .min = "1",
              .max = "64",
              .example = "[temperature, pressure]"})
      .words("take", &FeatureSpec::take, function_words(),
             {.help = "Functions to take of each", .min = "1", .example = "[mean, std]"})
      .integer("last", &FeatureSpec::last,
               {.help = "Window: the last N values of the field for this key",
                .min = "1",
                .max = std::to_string(kFeatureLastMax),
                .example = "64"})
      .duration("over", &FeatureSpec::over,
                {.help = "Window: a span of event time, and up to a sixteenth more",
                 .min = "1ms",
                 .max = "30d",
                 .example = "5m"})
      .number("q", &FeatureSpec::q,
              {.help = "Share of the values, of quantile; left out: 0.5, the median",
               .min = "0.0001",
               .max = "0.9999",
               .example = "0.9"})
      .integer("lag", &FeatureSpec::lag,
               {.help = "How many values before, of lag; left out: 1",
                .min = "1",
                .max = std::to_string(kFeatureLagMax),
                .example = "3"})
      .text("zone", &FeatureSpec::zone,
            {.help = "Time zone of hour and weekday, by its IANA name; left out: UTC",
             .example = "Europe/Berlin",
             .check = [](std::string_view name) { return std::string(zone_name_error(name)); }})
      .texts("ratio", &FeatureSpec::ratio,
             {.help = "Two columns (fields or earlier features): the first divided by the second",
              .min = "2",
              .max = "2",
              .example = "[pressure, temperature]"})
      .texts("difference", &FeatureSpec::difference,
             {.help = "Two columns (fields or earlier features): the first less the second",
              .min = "2",
              .max = "2",
              .example = "[outlet, inlet]"})
      .one_of({"take", "ratio", "difference"});
  add_examples(table);
  return table;
}

}  // namespace ouzel
