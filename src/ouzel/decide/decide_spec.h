/// What the `decide` section of a pipeline file says.
#pragma once

#include <chrono>

namespace ouzel {

struct DecideSpec {
  double threshold = 0.9;                ///< Score from which an event is an anomaly.
  double review = 0.6;                   ///< Score from which a person should look.
  std::chrono::nanoseconds hold_off{0};  ///< Event time after an alert of a key without another.
  bool include_features = false;         ///< Keep the feature vector in every outcome.
};

}  // namespace ouzel
