/// `ouzel run`: the engine in the foreground, until a signal or the end of a source that ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "ouzel/pipeline/pipeline_file.h"

namespace ouzel {

class Interrupt;

struct RunOptions {
  PipelineFile file;      ///< Where it came from, to be read again.
  Pipeline pipeline;      ///< Linted; flags and environment are already in it.
  std::string effective;  ///< The whole configuration as text, secrets masked.
  std::string data_dir = "./ouzel-data";
  std::string log_format = "auto";     ///< auto (pretty on a terminal, else json), pretty, json.
  std::string log_level = "info";      ///< debug, info, warn, error.
  bool rebuild_state = false;          ///< Ignore snapshots: rebuild the state from retained input.
  std::chrono::nanoseconds give_up{};  ///< Waiting for brokers; 0: never.
  std::uint32_t workers = 0;           ///< Threads that run lanes; 0: by the number of cores.
  std::uint32_t io_threads = 0;        ///< 0: by the number of cores.
};

/// Until `interrupt`. Returns the exit code (CONTRACT: 0, 1, 78, 69, 130/143 by a second signal).
int run_pipeline(const RunOptions& options, const Interrupt& interrupt);

}  // namespace ouzel
