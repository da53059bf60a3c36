/// The one explicit list of components: what a pipeline file can name, and what runs for it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/pipeline/pipeline.h"
#include "ouzel/spec/table.h"
#include "ouzel/stage/stage.h"

namespace ouzel {

struct Component {
  std::string kind;  ///< source, enrich, features, model, decide, sinks
  std::string name;
  std::string help;
  Table table;
};

/// Everything this build has.
const std::vector<Component>& components();

/// The sections whose keys are the components of that kind.
TableOf<Pipeline> source_fields();
TableOf<Pipeline> model_fields();

/// A fresh set of stages in the order in which they run. Error config: a stage refuses its part.
Result<std::vector<std::unique_ptr<Stage>>> make_stages(const Pipeline& pipeline);

}  // namespace ouzel
