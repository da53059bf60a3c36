#include "ouzel/tool/bench/bench_load.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <thread>

#include "ouzel/gateway/event_reply.h"
#include "ouzel/gateway/simulator.h"
#include "ouzel/http/client.h"
#include "ouzel/tool/bench/bench_engine.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::size_t kLapDigits = 6;
constexpr std::string_view kId = "{\"specversion\":\"1.0\",\"id\":\"";
constexpr std::string_view kTime = "\"time\":\"";
constexpr std::size_t kMinuteSize = 16;                ///< Of "2000-01-01T00:00".
constexpr nanoseconds kLap = std::chrono::minutes(1);  ///< Event time of a lap.
constexpr EventTime kStart{seconds(946684800)};        ///< 2000-01-01: room for many laps.
constexpr nanoseconds kHeldUp = milliseconds(5);
constexpr nanoseconds kTick = milliseconds(1);

/// One connection's part of a load.
class Poster {
 public:
  Poster(std::uint16_t port, const Clock& clock)
      : client_({.host = "127.0.0.1", .port = port}), clock_(clock) {}

  /// Sends until it is answered for good; false: gave up.
  bool post(std::string_view body, std::size_t events) {
    for (bool repeated = false;; repeated = true) {
      ++result.requests;
      const auto reply = client_.post("/events", "application/x-ndjson", body);
      if (!reply) {
        result.failure = reply.error().message;
        return false;
      }
      const EventReply read = read_event_reply(reply->status, reply->body);
      result.accepted += read.accepted;
      if (!read.retry) {
        result.refused += events - std::min<std::size_t>(events, read.accepted + read.duplicates);
        // What an earlier try got in is a duplicate of itself now.
        if (read.accepted > 0 || (repeated && read.duplicates > 0)) return true;
        result.failure = "nothing accepted at the first try: " + reply->body.substr(0, 300);
        return false;
      }
      ++result.held_up;
      pause_for(kHeldUp);
    }
  }
  SteadyTime now() const { return clock_.steady(); }
  LoadResult result;

 private:
  http::Client client_;
  const Clock& clock_;
};

void add(LoadResult& to, const LoadResult& from) {
  to.accepted += from.accepted;
  to.requests += from.requests;
  to.held_up += from.held_up;
  to.refused += from.refused;
  if (to.failure.empty()) to.failure = from.failure;
}

/// Runs `work` for each pool on a thread of its own.
LoadResult each_pool(std::vector<EventPool>& pools, std::uint16_t port, const Clock& clock,
                     const std::function<void(EventPool&, Poster&)>& work) {
  std::vector<std::unique_ptr<Poster>> posters;
  std::vector<std::thread> threads;
  for (EventPool& pool : pools) {
    posters.push_back(std::make_unique<Poster>(port, clock));
    threads.emplace_back([&work, &pool, poster = posters.back().get()] { work(pool, *poster); });
  }
  LoadResult out;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    threads[i].join();
    add(out, posters[i]->result);
  }
  return out;
}

}  // namespace

Result<EventPool> EventPool::make(std::uint32_t devices, std::uint64_t events, std::uint32_t shard,
                                  std::uint32_t shards) {
  const std::uint64_t ticks = std::clamp<std::uint64_t>(events / devices, 1, 60'000);
  SimulatorSpec spec;
  spec.devices = devices;
  spec.start = kStart;
  spec.interval = kLap / static_cast<std::int64_t>(ticks) / 1'000'000 * 1'000'000;
  OUZEL_TRY(Simulator simulator, Simulator::make(spec));
  EventPool out;
  std::string line;
  for (std::uint64_t i = 0; i < ticks * devices; ++i) {
    line.clear();
    const SimulatedEvent event = simulator.next(line);
    if (event.device % shards != shard) continue;
    // The id becomes <lap>-<number>.
    line.replace(kId.size(), line.find('"', kId.size()) - kId.size(),
                 std::string(kLapDigits, '0') + "-" + std::to_string(i));
    Line at;
    at.begin = static_cast<std::uint32_t>(out.text_.size());
    at.lap = at.begin + static_cast<std::uint32_t>(kId.size());
    at.minute = at.begin + static_cast<std::uint32_t>(line.find(kTime) + kTime.size());
    out.lines_.push_back(at);
    out.text_ += line;
  }
  if (out.lines_.empty()) return fail(ErrorCode::config, "more connections than devices");
  out.begin_lap();
  return out;
}

void EventPool::begin_lap() {
  at_ = 0;
  lap_text_ = std::to_string(lap_);
  lap_text_.insert(0, kLapDigits - std::min(kLapDigits, lap_text_.size()), '0');
  minute_text_.clear();
  append_time(minute_text_, kStart + static_cast<std::int64_t>(lap_) * kLap);
  minute_text_.resize(kMinuteSize);
}

std::string_view EventPool::next(std::size_t count) {
  if (at_ == lines_.size()) {
    ++lap_;
    begin_lap();
  }
  const std::size_t end = std::min(lines_.size(), at_ + count);
  for (std::size_t i = at_; i < end; ++i) {
    std::memcpy(text_.data() + lines_[i].lap, lap_text_.data(), kLapDigits);
    std::memcpy(text_.data() + lines_[i].minute, minute_text_.data(), kMinuteSize);
  }
  const std::size_t first = lines_[at_].begin;
  const std::size_t last = end == lines_.size() ? text_.size() : lines_[end].begin;
  taken_ = end - at_;
  at_ = end;
  return std::string_view(text_).substr(first, last - first);
}

LoadResult load_flat_out(std::vector<EventPool>& pools, std::uint16_t port, const Clock& clock,
                         std::size_t request_events, nanoseconds duration) {
  const SteadyTime end = clock.steady() + duration;
  return each_pool(pools, port, clock, [&](EventPool& pool, Poster& poster) {
    while (poster.now() < end) {
      const std::string_view body = pool.next(request_events);
      if (!poster.post(body, pool.taken())) return;
    }
  });
}

LoadResult load_once(std::vector<EventPool>& pools, std::uint16_t port, const Clock& clock,
                     std::size_t request_events) {
  return each_pool(pools, port, clock, [&](EventPool& pool, Poster& poster) {
    for (std::size_t sent = 0; sent < pool.size(); sent += pool.taken()) {
      const std::string_view body = pool.next(request_events);
      if (!poster.post(body, pool.taken())) return;
    }
  });
}

LoadResult load_open_loop(EventPool& pool, std::uint16_t port, const Clock& clock, double rate,
                          std::size_t request_events, nanoseconds duration) {
  Poster poster(port, clock);
  Histogram answers;
  const SteadyTime start = clock.steady();
  const auto due = [&](std::uint64_t number) {
    return start + nanoseconds(static_cast<std::int64_t>(static_cast<double>(number) * 1e9 / rate));
  };
  const auto last =
      static_cast<std::uint64_t>(std::chrono::duration<double>(duration).count() * rate);
  for (std::uint64_t sent = 0; sent < last;) {
    const SteadyTime now = clock.steady();
    const double passed = std::chrono::duration<double>(now - start).count();
    const auto until = std::min(last, static_cast<std::uint64_t>(passed * rate) + 1);
    if (until <= sent) {
      pause_for(std::max(kTick, nanoseconds(due(sent) - now)));
      continue;
    }
    poster.result.behind = now - due(sent);
    const std::string_view body = pool.next(std::min<std::size_t>(until - sent, request_events));
    if (!poster.post(body, pool.taken())) break;
    const SteadyTime answered = clock.steady();
    for (std::size_t i = 0; i < pool.taken(); ++i, ++sent) {
      answers.record(static_cast<std::uint64_t>(
          std::max<std::int64_t>(0, nanoseconds(answered - due(sent)).count())));
    }
  }
  poster.result.answer_ns.add(answers);
  return poster.result;
}

}  // namespace ouzel
