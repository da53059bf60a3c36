#include "ouzel/serve/streams.h"

#include <algorithm>
#include <string>
#include <utility>

namespace ouzel {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr nanoseconds kStatsEvery = seconds(1);
constexpr nanoseconds kTopicEvery = milliseconds(20);
constexpr std::size_t kStatsBytesMax = 256 << 10;
/// A browser that lost its stream comes again after so long.
constexpr std::string_view kHello = "retry: 1000\n\n";
constexpr std::string_view kShed =
    "event: shed\ndata: {\"why\":\"too slow: nothing was taken for a while; go on with the last "
    "id\"}\n\n";

/// Where to begin and what to show. A reader that comes again says its place in Last-Event-ID, and
/// its URL still has the `from` of its first time.
Result<OutcomeQuery> read_query(const http::Request& request, ShownTopic topic,
                                const StatusSource& status) {
  OUZEL_TRY(OutcomeQuery query, parse_outcome_query(request, topic));
  const std::string_view last = request.header("Last-Event-ID");
  if (last.empty()) {
    OUZEL_TRY_VOID(judge_partition(query, status));
    return query;
  }
  const auto cursor = parse_cursor(last);
  if (!cursor) {
    return fail(ErrorCode::config, "Last-Event-ID: an id of this stream expected, got " +
                                       std::string(last.substr(0, 100)));
  }
  query.from = OutcomeQuery::From::cursor;
  query.cursor = *cursor;
  return query;
}

}  // namespace

Streams::Streams(Log& log, const StatusSource& status, const EventCounters& events,
                 const Clock& clock, StreamLimits limits)
    : log_(log),
      status_(status),
      events_(events),
      clock_(clock),
      limits_(limits),
      started_(clock.steady()) {}

Streams::~Streams() {
  thread_.stop();
  take_new(clock_.steady());
  for (const Reader& reader : readers_) reader.stream->end();
}

void Streams::start() {
  thread_.start([this] { return step(); });
}

void Streams::open(const http::Request& request, http::Responder responder) {
  http::Response out;
  auto refusal = make(request, out);
  responder.send(refusal ? *std::move(refusal) : std::move(out));
}

/// The answer with its stream, which is noted for the thread; or why not.
std::optional<http::Response> Streams::make(const http::Request& request, http::Response& out) {
  const auto known =
      judge_parameters(request, {"topic", "from", "key", "label", "route", "status"});
  if (!known) return http::problem(400, known.error().message);
  auto name = request.parameter("topic");
  if (name == "stats") name.reset();
  std::unique_ptr<TopicStream> topic;
  const auto stream =
      std::make_shared<http::BodyStream>(name ? TopicStream::kBytesMax : kStatsBytesMax);
  if (reader_count_ >= limits_.readers_max ||
      (name && topic_reader_count_ >= limits_.topic_readers_max)) {
    return http::problem(503, "too many streams are open");
  }
  stream->write(kHello);
  if (name) {
    const auto shown = shown_topic(*name);
    if (!shown) {
      return http::problem(
          400, "topic: stats, outcomes, rejects or events expected, got " + name->substr(0, 100));
    }
    auto query = read_query(request, *shown, status_);
    if (!query) return refusal_of(query.error());
    auto opened = TopicStream::open(log_, *shown, *std::move(query), stream);
    if (!opened) return refusal_of(opened.error());
    topic = *std::move(opened);
    ++topic_reader_count_;
  }
  ++reader_count_;
  out.content_type = "text/event-stream";
  out.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  out.stream = stream;
  {
    const std::lock_guard lock(mutex_);
    new_.push_back({.stream = stream, .topic = std::move(topic)});
  }
  thread_.signal();
  return std::nullopt;
}

nanoseconds Streams::step() {
  const SteadyTime now = clock_.steady();
  take_new(now);
  drop_closed();
  if (readers_.empty()) {
    before_.reset();
    return nanoseconds{-1};
  }
  if (now >= next_stats_) write_stats(now);
  nanoseconds wait = next_stats_ - now;
  for (Reader& reader : readers_) {
    if (reader.topic) {
      write_topic(reader, now);
      const bool more = reader.last == TopicStream::Step::more;
      wait = std::min(wait, more ? nanoseconds{0} : kTopicEvery);
    }
    keep_alive(reader, now);
  }
  return wait;
}

void Streams::take_new(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  for (Reader& reader : new_) {
    reader.told = now;
    if (!reader.topic) next_stats_ = now;  // Whoever comes sees something at once.
    readers_.push_back(std::move(reader));
  }
  new_.clear();
}

void Streams::drop_closed() {
  std::erase_if(readers_, [this](const Reader& reader) {
    if (!reader.stream->closed()) return false;
    --reader_count_;
    if (reader.topic) --topic_reader_count_;
    return true;
  });
}

void Streams::write_stats(SteadyTime now) {
  next_stats_ = now + kStatsEvery;
  const bool wanted = std::any_of(readers_.begin(), readers_.end(),
                                  [](const Reader& reader) { return !reader.topic; });
  if (!wanted) return before_.reset();
  StatsSample sample{.engine = status_.status(), .uptime = now - started_};
  for (const auto& count : events_.http.refused) {
    sample.refused += count.load(std::memory_order_relaxed);
  }
  std::string frame = "event: stats\ndata: ";
  frame += stats_json(sample, before_ ? *before_ : sample, events_);
  frame += '\n';
  // Frames that come close together would make rates of nothing.
  if (!before_ || sample.uptime - before_->uptime >= kStatsEvery / 2) before_ = std::move(sample);
  for (Reader& reader : readers_) {
    if (reader.topic) continue;
    reader.told = now;
    if (!reader.stream->write(frame)) reader.stream->end(kShed);
  }
}

void Streams::write_topic(Reader& reader, SteadyTime now) {
  const std::size_t room = reader.stream->room();
  if (room > reader.room) reader.stalled.reset();
  const auto done = reader.topic->step();
  if (!done) {
    return reader.stream->end("event: failed\ndata: {\"why\":\"the log cannot be read\"}\n\n");
  }
  reader.last = *done;
  reader.room = reader.stream->room();
  if (reader.room < room) reader.told = now;
  if (*done != TopicStream::Step::stalled) return reader.stalled.reset();
  if (!reader.stalled) reader.stalled = now;
  if (now - *reader.stalled >= limits_.shed_after) reader.stream->end(kShed);
}

void Streams::keep_alive(Reader& reader, SteadyTime now) const {
  if (now - reader.told < limits_.quiet_max) return;
  reader.told = now;
  const bool told = reader.topic ? reader.topic->write_place() : reader.stream->write(":\n\n");
  if (!told) reader.stream->end(kShed);
}

}  // namespace ouzel
