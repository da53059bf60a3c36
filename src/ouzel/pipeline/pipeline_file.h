/// A pipeline from a file of this machine: its text, the environment and the `--set` flags.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/file_system.h"
#include "ouzel/pipeline/pipeline.h"
#include "ouzel/spec/finding.h"

namespace ouzel {

struct PipelineFile {
  std::string path;               ///< "-": stdin.
  std::string listen;             ///< `--listen`, or its environment twin; empty: the file says.
  std::vector<std::string> sets;  ///< `path=value`
  std::string plan;  ///< Text of a plan that decides in place of what the file says; empty: none.
  std::string archive;  ///< Where that plan's files are by their content (PlanArchive).
  int stop_fd = -1;     ///< Once it can be read, a model's trial is given up; -1: there is none.
};

/// Relative paths of `${file:…}` are relative to the pipeline file.
std::optional<LoadedPipeline> load_pipeline_file(FileSystem& fs, const PipelineFile& file,
                                                 Findings& findings);

/// The same for a command, from the disk. nullopt: what is wrong stands on stderr, one finding a
/// line, and the command ends with kExitConfig.
std::optional<LoadedPipeline> load_or_print(const PipelineFile& file);

}  // namespace ouzel
