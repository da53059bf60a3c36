#include "ouzel/feature/feature_fields.h"

#include <string>
#include <utility>
#include <vector>

#include "ouzel/feature/feature_plan.h"

namespace ouzel {

TableOf<FeatureSpec> feature_fields() {
  const std::vector<std::pair<FeatureFunction, std::string>> meanings = {
      {FeatureFunction::count, "how many values the window holds"},
      {FeatureFunction::sum, "their sum"},
      {FeatureFunction::mean, "their mean"},
      {FeatureFunction::std, "their sample standard deviation"},
      {FeatureFunction::min, "the smallest"},
      {FeatureFunction::max, "the largest"},
      {FeatureFunction::last, "the newest"},
      {FeatureFunction::delta, "the newest less the one before"},
      {FeatureFunction::ewma, "exponentially weighted mean"},
      {FeatureFunction::zscore, "distance of this value from the window before it, in its std"},
  };
  std::vector<std::pair<FeatureFunction, Word>> words;
  for (const auto& [function, help] : meanings) {
    words.push_back({function, {std::string(to_string(function)), help}});
  }
  TableOf<FeatureSpec> table("features", "Rolling statistics of numeric fields, for each key.");
  table
      .texts("of", &FeatureSpec::of,
             {.help = "Numeric fields to look at",
              .required = true,
              .min = "1",
              .max = "64",
              .example = "[temperature, pressure]"})
      .words("take", &FeatureSpec::take, std::move(words),
             {.help = "Functions to take of each",
              .required = true,
              .min = "1",
              .example = "[mean, std]"})
      .integer("last", &FeatureSpec::last,
               {.help = "Window: the last N events of the key",
                .min = "1",
                .max = std::to_string(kFeatureLastMax),
                .example = "64"})
      .duration(
          "over", &FeatureSpec::over,
          {.help = "Window: a span of event time", .min = "1ms", .max = "30d", .example = "5m"})
      .one_of({"last", "over"})
      .example("of: [temperature, pressure]\ntake: [mean, std, zscore]\nlast: 64")
      .example("{of: temperature, take: [max, delta], over: 5m}");
  return table;
}

}  // namespace ouzel
