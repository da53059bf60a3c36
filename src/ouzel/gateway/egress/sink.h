/// Sink: one way out: reads the outcomes it takes from the log, hands them to its outlet, and moves
/// its durable cursor behind what is delivered. A lane knows nothing of it.
///
/// Owns its cursor, its outlet and its thread. `step` belongs to that thread (or to a test);
/// `start` and `stop` to the assembly's; all else is thread-safe. Memory is bounded by one window
/// of the feed.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "ouzel/base/clock.h"
#include "ouzel/base/wake.h"
#include "ouzel/gateway/egress/cursor_file.h"
#include "ouzel/gateway/egress/outcome_feed.h"
#include "ouzel/gateway/egress/outlet.h"
#include "ouzel/log/sink_status.h"

namespace ouzel {

struct SinkParts {
  std::string name;
  std::string kind;
  std::string target;  ///< That may be shown.
  Log* log = nullptr;
  const Clock* clock = nullptr;
  std::unique_ptr<CursorFile> cursor;
  std::unique_ptr<SinkReport> report;
  std::unique_ptr<Outlet> outlet;
  FeedOptions feed;
};

class Sink {
 public:
  explicit Sink(SinkParts parts);
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  void start();
  /// Ends the thread once it has delivered all that is durable, at `end`, or if it does not get on.
  void stop(SteadyTime end);
  /// More has become durable.
  void signal() { wake_.signal(); }
  /// Nothing before it is needed any more.
  LogPosition position() const { return LogPosition(position_.load(std::memory_order_relaxed)); }
  SinkStatus status() const;

  /// A bounded slice of work. False: nothing to do for now.
  bool step();

 private:
  void run();
  bool read_on();
  bool deliver();
  void keep_cursor();
  void show_place();
  void told(const FeedWindow& window);
  bool over() const;

  SinkParts parts_;
  OutcomeFeed feed_;
  bool busy_ = false;       ///< The outlet has a window.
  bool full_ = true;        ///< It was full, or is yet to be read: there may be more.
  bool unwritten_ = false;  ///< The cursor is behind the feed.
  SteadyTime kept_at_{};
  std::atomic<std::uint64_t> position_{0};
  std::array<std::atomic<std::uint64_t>, kPartitionsMax> next_;
  Wake wake_;
  std::atomic<bool> stopping_{false};
  std::atomic<SteadyTime::rep> end_{0};
  std::thread thread_;
};

}  // namespace ouzel
