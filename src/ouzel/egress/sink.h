/// Sink: one way out: takes outcomes from its feed, hands them to its outlet, and has the feed keep
/// what is delivered. A lane knows nothing of it.
///
/// Owns its feed, its outlet and its thread. `step` belongs to that thread (or to a test);
/// `start` and `stop` to the assembly's; all else is thread-safe. Memory is bounded by one window
/// of the feed.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "ouzel/base/clock.h"
#include "ouzel/base/wake.h"
#include "ouzel/egress/feed.h"
#include "ouzel/egress/outlet.h"
#include "ouzel/log/sink_status.h"

namespace ouzel {

struct SinkParts {
  std::string name;
  std::string kind;
  std::string target;  ///< That may be shown.
  const Clock* clock = nullptr;
  std::unique_ptr<Feed> feed;
  std::unique_ptr<SinkReport> report;
  std::unique_ptr<Outlet> outlet;
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
  LogPosition needed() const { return parts_.feed->needed(); }
  SinkStatus status() const;
  /// Its receiver took a dead letter that was sent again: what stood in the way is over, or is told
  /// again with the next try. Thread-safe.
  void receiver_took() { parts_.report->set_trouble(""); }
  const std::string& name() const { return parts_.name; }

  /// A bounded slice of work. False: nothing to do for now.
  bool step();

 private:
  void run();
  bool read_on();
  bool deliver();
  void keep();
  void tell_trouble();
  void told(const FeedWindow& window);
  bool over() const;

  SinkParts parts_;
  bool busy_ = false;    ///< The outlet has a window.
  bool full_ = true;     ///< It was full, or is yet to be read: there may be more.
  bool kept_ = true;     ///< All that is delivered is kept.
  bool failed_ = false;  ///< The trouble is the feed's, and over when that gets on.
  bool waits_ = false;   ///< As was told.
  std::optional<SteadyTime> trouble_since_;
  SteadyTime kept_at_{};
  Wake wake_;
  std::atomic<bool> stopping_{false};
  std::atomic<SteadyTime::rep> end_{0};
  std::thread thread_;
};

}  // namespace ouzel
