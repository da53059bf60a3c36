/// Sinks: all ways out of one running plan.
///
/// Owns them. `open`, `start` and `stop` belong to the assembly's thread; the rest is thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"
#include "ouzel/gateway/egress/sink.h"
#include "ouzel/gateway/egress/sink_spec.h"
#include "ouzel/log/log.h"

namespace ouzel {

struct SinksOptions {
  std::string pipeline;
  std::string data_dir;
  std::uint64_t log_id = 0;
  std::uint64_t backlog_bytes = 0;      ///< Of log that a sink may pin.
  std::uint64_t dead_letter_bytes = 0;  ///< Of one sink's files.
  std::uint64_t seed = 0;
  std::vector<Offset> committed;  ///< Of each partition: where a new sink begins at `from: end`.
};

/// Where cursors stand.
std::string cursor_directory(const std::string& data_dir);

class Sinks {
 public:
  /// Opens the cursors; a new sink's is written at once. Errors: config, corrupt, unavailable.
  static Result<std::unique_ptr<Sinks>> open(const std::vector<SinkSpec>& specs, FileSystem& fs,
                                             const Clock& clock, Log& log, SinksOptions options);

  void start();
  /// Lets them deliver what is durable until `end`.
  void stop(SteadyTime end);
  /// More has become durable.
  void signal();
  /// What retention must leave for them: the oldest cursor, but never more than `backlog_bytes`.
  LogPosition needed() const;
  std::vector<SinkStatus> status() const;

 private:
  Sinks(Log& log, std::uint64_t backlog_bytes) : log_(log), backlog_bytes_(backlog_bytes) {}

  Log& log_;
  const std::uint64_t backlog_bytes_;
  std::vector<std::unique_ptr<Sink>> sinks_;
};

}  // namespace ouzel
