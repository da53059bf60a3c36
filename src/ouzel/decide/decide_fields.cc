#include "ouzel/decide/decide_fields.h"

namespace ouzel {

TableOf<DecideSpec> decide_fields() {
  TableOf<DecideSpec> table("decide", "From which score an event is an anomaly, and who is told.");
  table
      .number("threshold", &DecideSpec::threshold,
              {.help = "Score from which an event is an anomaly and its route is alert",
               .initial = "0.9",
               .min = "0.001",
               .max = "1"})
      .number("review", &DecideSpec::review,
              {.help = "Score from which a person should look: route review",
               .initial = "0.6",
               .min = "0",
               .max = "1"})
      .duration("hold_off", &DecideSpec::hold_off,
                {.help = "Event time after an alert of a key without another",
                 .initial = "0s",
                 .min = "0s",
                 .max = "30d"})
      .boolean("include_features", &DecideSpec::include_features,
               {.help = "Keep the feature values in every outcome", .initial = "false"})
      .example("{threshold: 0.9, review: 0.6, hold_off: 5m}");
  return table;
}

}  // namespace ouzel
