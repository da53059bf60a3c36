/// What `ouzel bench` is asked for. Values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace ouzel {

struct BenchOptions {
  std::string directory = "ouzel-bench";  ///< Scratch; made, and what was made is removed.
  std::string json;                       ///< Also write the figures here; empty: no.
  std::vector<std::string> only;          ///< Names of measures, each a known one; empty: all.
  std::chrono::nanoseconds duration{std::chrono::seconds(10)};  ///< Of each measure.
  std::uint32_t devices = 10'000;  ///< Keys; the restart is measured with ten times as many.
  /// Runs this file instead of the built-in pipeline; its schema must take the events of
  /// `simulate`.
  std::string pipeline;
};

}  // namespace ouzel
