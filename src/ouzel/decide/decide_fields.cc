#include "ouzel/decide/decide_fields.h"

namespace ouzel {
namespace {

TableOf<ReviewBudgetSpec> review_budget_fields() {
  TableOf<ReviewBudgetSpec> table("review_budget",
                                  "How many events a day a person looks at; the rest keep their "
                                  "automatic decision, flagged review_full.");
  table
      .integer(
          "per_day", &ReviewBudgetSpec::per_day,
          {.help = "Events that go to review in a UTC day of event time, at an even pace and an "
                   "equal share for each partition; left out: no limit",
           .min = "1",
           .max = "1000000000",
           .example = "200"})
      .number(
          "random", &ReviewBudgetSpec::random,
          {.help = "Share of them taken at random of all events below the threshold; the others "
                   "are the most uncertain between review and threshold",
           .min = "0",
           .max = "1",
           .example = "0.1"})
      .example("{per_day: 200, random: 0.1}");
  return table;
}

}  // namespace

TableOf<DecideSpec> decide_fields() {
  TableOf<DecideSpec> table("decide",
                            "From which score an event is an anomaly, and who is told; see "
                            "docs/explanation/scores.md.");
  table
      .number(
          "threshold", &DecideSpec::threshold,
          {.help = "Score from which an event is an anomaly and its route is alert; 0.001 to 1, "
                   "of a model of kind score any number",
           .initial = "0.9"})
      .number("review", &DecideSpec::review,
              {.help = "Score from which a person should look: route review; at most the threshold",
               .initial = "0.6"})
      .duration("hold_off", &DecideSpec::hold_off,
                {.help = "Event time after an alert of a key without another",
                 .initial = "0s",
                 .min = "0s",
                 .max = "30d"})
      .section("review_budget", &DecideSpec::review_budget, review_budget_fields())
      .boolean("include_features", &DecideSpec::include_features,
               {.help = "Keep the feature values in every outcome", .initial = "false"})
      .example("{threshold: 0.9, review: 0.6, hold_off: 5m}")
      .example("{threshold: 0.9, review: 0.6, review_budget: {per_day: 200, random: 0.1}}");
  return table;
}

}  // namespace ouzel
