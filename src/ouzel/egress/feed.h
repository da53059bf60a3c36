/// Feed: where a sink's outcomes come from, as windows of messages, and how far the sink has come
/// there, durably. Two of them: log_feed.h reads this machine's log, record_feed.h a topic of
/// Kafka.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/egress/message.h"
#include "ouzel/egress/outlet.h"
#include "ouzel/log/sink_status.h"

namespace ouzel {

struct FeedOptions {
  bool alerts = false;
  bool reviews = false;
  bool rejects = false;  ///< With their events' bytes, where the feed has them.
  bool all = false;
  std::uint32_t message_events_max = 1;
  std::size_t message_bytes_max = 256 << 10;  ///< Then a message takes no further outcome.
  std::uint32_t window_messages_max = 256;
  std::size_t window_bytes_max = 1 << 20;
  std::uint64_t rows_max = 20'000;  ///< Looked at for one window.
};

struct FeedWindow {
  std::vector<Message> messages;
  std::size_t bytes = 0;
  std::uint64_t skipped = 0;        ///< Outcomes that are no longer there to be read.
  std::vector<std::string> damage;  ///< What could not be read.
  bool more = false;                ///< There may be more to read now.
};

/// Belongs to the sink's thread, but for `needed` and `tell`, which are thread-safe.
class Feed {
 public:
  virtual ~Feed() = default;
  /// The next window; only when the last one is delivered. Errors: those of the log; the same
  /// window may be tried again.
  virtual Result<FeedWindow> next() = 0;
  /// All that came is delivered. Durable when it returns; after an error it may be called again.
  virtual Result<void> keep(std::string place) = 0;
  /// `keep` would bring something.
  virtual bool moved() const = 0;
  /// Outlet::place, as it was kept last.
  virtual std::string place() const = 0;
  /// Called now and then while the outlet works on a window, of which it may have to let go.
  virtual void attend(Outlet& /*outlet*/) {}
  /// The last call; what the outlet has not delivered comes again, here or elsewhere.
  virtual void close(Outlet& /*outlet*/) {}
  /// How long to wait before `next` when there was nothing more, unless there is a signal.
  virtual std::chrono::nanoseconds idle() const = 0;

  /// Nothing of this machine's log before it is needed any more.
  virtual LogPosition needed() const {
    return LogPosition(std::numeric_limits<std::uint64_t>::max());
  }
  /// Adds how far it has come.
  virtual void tell(SinkStatus& status) const = 0;
};

}  // namespace ouzel
