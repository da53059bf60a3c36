#include "ouzel/lane/plan.h"

namespace ouzel {

InForce in_force_of(const Plan& plan) {
  InForce out{.pipeline = plan.pipeline,
              .model_name = plan.model_name,
              .model_version = plan.model_version,
              .threshold = plan.threshold,
              .plan = plan.hash};
  if (plan.include_features) out.feature_names = plan.feature_names;
  return out;
}

}  // namespace ouzel
