/// Streams: `GET /api/v1/stream`, server-sent events for dashboards and whoever follows.
///
/// | asked for | what comes |
/// |---|---|
/// | nothing | `event: stats` once a second: one frame made for all readers together |
/// | `?topic=outcomes\|rejects\|events` | the topic's lines (topic_stream.h), from now on, from
/// `from`, or from `Last-Event-ID` on; filters as for /api/v1/outcomes |
///
/// A reader that takes nothing for `shed_after` although there is something gets `event: shed` as
/// its last and is closed; with its last id it can go on. A comment comes when all is quiet. More
/// readers than the limits: 503.
///
/// `open` is for I/O threads. All else happens on one thread: its own after `start`, or a test's
/// that calls `step`. That thread reads the log and the status as any client does; lanes never wait
/// for it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/step_thread.h"
#include "ouzel/http/message.h"
#include "ouzel/lane/status.h"
#include "ouzel/log/log.h"
#include "ouzel/serve/event_counters.h"
#include "ouzel/serve/status_json.h"
#include "ouzel/serve/topic_stream.h"

namespace ouzel {

struct StreamLimits {
  std::size_t readers_max = 1024;
  std::size_t topic_readers_max = 64;
  std::chrono::nanoseconds shed_after{std::chrono::seconds(10)};
  std::chrono::nanoseconds quiet_max{std::chrono::seconds(15)};  ///< Then a comment.
};

class Streams {
 public:
  /// All must outlive it.
  Streams(Log& log, const StatusSource& status, const EventCounters& events, const Clock& clock,
          StreamLimits limits = {});
  /// Ends all streams.
  ~Streams();

  void start();
  void open(const http::Request& request, http::Responder responder);
  /// A bounded slice of work; returns how long to wait for the next, at most; negative: until
  /// somebody comes.
  std::chrono::nanoseconds step();

 private:
  struct Reader {
    std::shared_ptr<http::BodyStream> stream;
    std::unique_ptr<TopicStream> topic;  ///< None: stats.
    SteadyTime told{};                   ///< When something was written last.
    std::optional<SteadyTime> stalled;   ///< Since when nothing was taken of what there is.
    std::size_t room = 0;                ///< After the last step.
    TopicStream::Step last = TopicStream::Step::up_to_date;
  };
  std::optional<http::Response> make(const http::Request& request, http::Response& out);
  void take_new(SteadyTime now);
  void write_stats(SteadyTime now);
  void write_topic(Reader& reader, SteadyTime now);
  void keep_alive(Reader& reader, SteadyTime now) const;
  void drop_closed();

  Log& log_;
  const StatusSource& status_;
  const EventCounters events_;
  const Clock& clock_;
  const StreamLimits limits_;
  const SteadyTime started_;

  std::vector<Reader> readers_;
  std::optional<StatsSample> before_;
  SteadyTime next_stats_{};

  std::atomic<std::size_t> reader_count_{0}, topic_reader_count_{0};
  std::mutex mutex_;  ///< Of new_.
  std::vector<Reader> new_;
  StepThread thread_;
};

}  // namespace ouzel
