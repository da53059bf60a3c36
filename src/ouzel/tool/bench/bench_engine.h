/// An engine under measurement: `ouzel run` as a child process, seen from outside.
///
/// Owns the process; the destructor kills it. One thread. Errors: unavailable (it does not start or
/// does not answer; its log is named), config.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"
#include "ouzel/base/histogram.h"
#include "ouzel/tool/terminal/engine_view.h"

namespace ouzel {

/// Of a process, so far.
struct ProcessUse {
  double cpu_s = 0;          ///< In ticks of 10 ms, ended threads included.
  double cpu_threads_s = 0;  ///< To the nanosecond, of the threads that live.
  double rss_mb = 0;         ///< Resident now.
  double rss_peak_mb = 0;
};

class BenchEngine {
 public:
  /// `directory` takes the data and the log of the engine.
  BenchEngine(std::string directory, std::string pipeline, const Clock& clock);
  ~BenchEngine();
  BenchEngine(const BenchEngine&) = delete;
  BenchEngine& operator=(const BenchEngine&) = delete;

  /// Starts the program that this process is. Does not wait.
  Result<void> start();
  /// Waits for /readyz; how long it took since `start`.
  Result<std::chrono::nanoseconds> wait_ready(std::chrono::nanoseconds limit);
  Result<StatusView> status() const;
  /// Waits until every accepted event has its outcome.
  Result<StatusView> wait_quiet(std::chrono::nanoseconds limit) const;
  /// The buckets of ouzel_event_end_to_end_seconds: upper bound in seconds, cumulative count.
  Result<std::vector<std::pair<double, double>>> end_to_end() const;
  ProcessUse use() const;
  /// SIGKILL, and waits for the end.
  void kill();
  /// SIGTERM, and waits for the end.
  void stop();
  std::uint16_t port() const { return port_; }

 private:
  Error lost(const std::string& what) const;
  std::string directory_;
  std::string pipeline_;  ///< Path of its file.
  const Clock& clock_;
  std::uint16_t port_ = 0;
  int child_ = -1;  ///< Its process id; -1: none.
  SteadyTime started_{};
};

/// CPU seconds of this process so far.
double own_cpu_s();
/// Of the last minute: how many threads wanted a core.
double load_average();
/// What the figures were measured on: CPU, cores, memory, kernel, in one line.
std::string machine_text();
/// Times of `count` fdatasyncs of one 4 KiB page each, on a zero-filled file in `directory`.
Result<void> measure_sync(FileSystem& fs, const Clock& clock, const std::string& directory,
                          std::size_t count, Histogram& into);
/// Waits without doing anything.
void pause_for(std::chrono::nanoseconds time);

}  // namespace ouzel
