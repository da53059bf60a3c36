/// What the `decide` section of a pipeline file says.
#pragma once

#include <chrono>
#include <cstdint>

namespace ouzel {

struct ReviewBudgetSpec {
  std::uint64_t per_day = 0;  ///< Events a day that go to review at most; 0: no such limit.
  double random = 0;          ///< Share of them that is taken of all events at random.
};

struct DecideSpec {
  double threshold = 0.9;                ///< Score from which an event is an anomaly.
  double review = 0.6;                   ///< Score from which a person should look.
  std::chrono::nanoseconds hold_off{0};  ///< Event time after an alert of a key without another.
  ReviewBudgetSpec review_budget;        ///< Of the whole engine; DecideStage takes a lane's share.
  bool include_features = false;         ///< Keep the feature vector in every outcome.
};

}  // namespace ouzel
