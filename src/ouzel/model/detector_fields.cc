#include "ouzel/model/detector_fields.h"

namespace ouzel {

TableOf<DetectorSpec> detector_fields() {
  TableOf<DetectorSpec> table(
      "detector", "Built in: learns what is normal for each key, from the first event.");
  table
      .texts(
          "of", &DetectorSpec::of,
          {.help = "Numeric fields to watch, an event may lack some; left out: all of the schema, "
                   "and none that a table adds",
           .min = "1",
           .max = "64",
           .example = "[temperature, vibration]"})
      .integer("warm_up", &DetectorSpec::warm_up,
               {.help = "Events of a key before it can alert",
                .initial = "30",
                .min = "0",
                .max = "1000000"})
      .example("{of: [temperature], warm_up: 100}");
  return table;
}

}  // namespace ouzel
