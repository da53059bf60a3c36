/// The wiring of a pipeline: what each step reads and adds, in the order in which an event passes.
/// Pure functions of a Pipeline; any thread.
#pragma once

#include <string>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/pipeline/pipeline.h"

namespace ouzel {

struct GraphStep {
  std::string name;
  std::string note;  ///< What it is, in a few words.
  std::vector<std::string> reads;
  std::vector<std::string> adds;
};

/// Error config: the stages do not fit together.
Result<std::vector<GraphStep>> graph_steps(const Pipeline& pipeline);

/// For people: a step a paragraph, no line beyond `columns` unless one name alone is longer.
std::string graph_text(const std::vector<GraphStep>& steps, std::size_t columns);
/// For Graphviz. An edge carries the columns that a step reads from the one that added them.
std::string graph_dot(const std::string& name, const std::vector<GraphStep>& steps);

}  // namespace ouzel
