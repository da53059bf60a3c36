/// Sinks: all ways out of one running plan.
///
/// Owns them. `open`, `start` and `stop` belong to the assembly's thread; the rest is thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/error.h"
#include "ouzel/base/file_system.h"
#include "ouzel/egress/feed.h"
#include "ouzel/egress/sink.h"
#include "ouzel/egress/sink_spec.h"
#include "ouzel/log/log.h"

namespace ouzel {

struct SinksOptions {
  std::string pipeline;
  std::string data_dir;
  std::uint64_t dead_letter_bytes = 0;  ///< Of one sink's files.
  std::uint64_t seed = 0;
  std::string worker;  ///< Of several that may write to one folder; stands in files' names.
};

/// Makes the feed of a sink of this name.
using FeedMaker = std::function<Result<std::unique_ptr<Feed>>(
    const SinkSpec&, const std::string& name, FeedOptions)>;

struct LogFeedOptions {
  std::string data_dir;
  std::uint64_t log_id = 0;
  std::vector<Offset> committed;  ///< Of each partition: where a new sink begins at `from: end`.
};
/// Feeds from this machine's log. A new sink's cursor is written at once.
FeedMaker log_feeds(FileSystem& fs, Log& log, LogFeedOptions options);

/// Where cursors stand.
std::string cursor_directory(const std::string& data_dir);

class Sinks {
 public:
  /// Errors: config, corrupt, unavailable.
  static Result<std::unique_ptr<Sinks>> open(const std::vector<SinkSpec>& specs, FileSystem& fs,
                                             const Clock& clock, const FeedMaker& make_feed,
                                             SinksOptions options);

  void start();
  /// Lets them deliver what is durable until `end`.
  void stop(SteadyTime end);
  /// More has become durable.
  void signal();
  /// A dead letter of that sink was delivered after all.
  void receiver_took(const std::string& sink);
  /// What retention of a log that ends at `end` must leave for them: from the one furthest behind,
  /// but never more than `backlog_bytes`.
  LogPosition needed(LogPosition end, std::uint64_t backlog_bytes) const;
  std::vector<SinkStatus> status() const;

 private:
  Sinks() = default;

  std::vector<std::unique_ptr<Sink>> sinks_;
};

}  // namespace ouzel
