/// `ouzel doctor`: whether a pipeline would run well on this machine, before it runs.
///
/// It writes one small file beside the data directory's own and removes it; it starts nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/file_system.h"
#include "ouzel/pipeline/pipeline_file.h"

namespace ouzel {

struct DoctorOptions {
  PipelineFile file;  ///< No path: what needs no pipeline is looked at.
  std::string data_dir = "./ouzel-data";
};

struct Check {
  enum class State : std::uint8_t { ok, warn, fail } state = State::ok;
  std::string name;
  std::string found;
  std::string advice;  ///< What to do about it; empty with ok.
  bool away = false;   ///< It failed because somebody else cannot be reached.
};

/// All checks in a fixed order; those that need what a failed one would have given are left out.
std::vector<Check> examine(FileSystem& fs, const Clock& clock, const DoctorOptions& options);

std::string checks_text(const std::vector<Check>& checks);
/// An array of {check, state, found, advice}.
std::string checks_json(const std::vector<Check>& checks);

}  // namespace ouzel
