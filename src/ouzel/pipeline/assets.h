/// The files that a pipeline names beside itself: model, lookup tables, JSON Schema. They are read
/// once, when the pipeline is loaded, so that `lint` refuses what `run` would refuse and a plan is
/// complete without looking at the disk again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ouzel/pipeline/pipeline.h"
#include "ouzel/spec/document.h"
#include "ouzel/spec/finding.h"

namespace ouzel {

/// A relative path is relative to the pipeline file's directory.
std::string asset_path(const Pipeline& pipeline, std::string_view path);

/// Reads them into `pipeline`, and notes what each one is: another content is another plan. Those
/// that `input` has kept are read where it says, and count only with the content that it says.
/// Findings: at the key that names it.
void load_assets(Pipeline& pipeline, const PipelineInput& input, const Node& root,
                 Findings& findings);

}  // namespace ouzel
