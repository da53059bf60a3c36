#include "ouzel/gateway/sender.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "ouzel/base/wake.h"
#include "ouzel/gateway/event_reply.h"
#include "ouzel/http/client.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr nanoseconds kPauseMin = milliseconds(50);  ///< Between tries of a lost receiver.
constexpr nanoseconds kPauseMax = seconds(1);
constexpr nanoseconds kStartMax = seconds(3);      ///< For a receiver that is only just starting.
constexpr milliseconds kSilenceMax = seconds(10);  ///< Of a receiver: then the answer is lost.

http::ClientOptions client_options(const http::Url& url) {
  http::ClientOptions out;
  out.host = url.host;
  out.port = url.port;
  out.silence_max = kSilenceMax;
  return out;
}

std::uint64_t retry_after_s(const http::ClientResponse& reply) {
  const std::string_view text = reply.headers.get("Retry-After");
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return std::min<std::uint64_t>(out, 60);
}

class Connections;

/// One connection: its queue and its thread.
class Connection {
 public:
  Connection(Connections& owner, const http::Url& url)
      : owner_(owner), client_(client_options(url)), target_(url.target) {}
  void run();
  std::deque<EventChunk> queue;  ///< Guarded by the owner's mutex.

 private:
  bool send(const EventChunk& chunk);
  std::optional<http::ClientResponse> post(const EventChunk& chunk);
  Connections& owner_;
  http::Client client_;
  std::string target_;
  bool lost_ = false;  ///< This request's answer got lost at least once.
};

/// All connections, and what they share under one mutex.
class Connections final : public Sender {
 public:
  Connections(const SenderOptions& options, const http::Url& url, const Clock& clock)
      : options_(options), clock_(clock) {
    for (std::uint32_t i = 0; i < std::max(1U, options.connections); ++i) {
      connections_.push_back(std::make_unique<Connection>(*this, url));
    }
  }
  ~Connections() override { stop(); }

  void run() {
    for (auto& one : connections_) threads_.emplace_back([&one] { one->run(); });
  }

  bool offer(std::size_t connection, EventChunk& chunk) override {
    const std::lock_guard lock(mutex_);
    if (!fits(chunk)) return false;
    push(connection, chunk);
    return true;
  }

  bool put(std::size_t connection, EventChunk& chunk) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || fits(chunk); });
    if (stopping_) return false;
    push(connection, chunk);
    return true;
  }

  bool drain(nanoseconds grace) override {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, grace, [&] { return stopping_ || report_.queued == 0; });
    return report_.queued == 0;
  }

  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  SenderReport report() const override {
    const std::lock_guard lock(mutex_);
    SenderReport out = report_;
    out.latency_ns.add(latency_ns_);
    return out;
  }

  /// The next request of a connection: as many waiting chunks as fit into one. nullopt: stopping.
  std::optional<EventChunk> take(Connection& connection) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || !connection.queue.empty(); });
    if (stopping_) return std::nullopt;
    EventChunk out = std::move(connection.queue.front());
    connection.queue.pop_front();
    while (out.key.empty() && !connection.queue.empty() && connection.queue.front().key.empty() &&
           out.due.size() + connection.queue.front().due.size() <= options_.request_events_max) {
      const EventChunk& more = connection.queue.front();
      out.lines += more.lines;
      out.due.insert(out.due.end(), more.due.begin(), more.due.end());
      connection.queue.pop_front();
    }
    return out;
  }

  /// Waits, unless the sender stops first. True: go on.
  bool pause(nanoseconds time) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, time, [&] { return stopping_; });
  }

  void answered(const EventChunk& chunk, std::uint64_t accepted, std::uint64_t duplicates,
                const EventReply& last) {
    const SteadyTime now = clock_.steady();
    const std::uint64_t events = chunk.due.size();
    {
      const std::lock_guard lock(mutex_);
      for (const SteadyTime due : chunk.due) {
        latency_ns_.record(
            static_cast<std::uint64_t>(std::max<std::int64_t>(0, nanoseconds(now - due).count())));
      }
      report_.accepted += std::min(events, accepted);
      report_.duplicates += duplicates;
      report_.refused += events - std::min(events, accepted + duplicates);
      if (report_.first_refusal.empty()) report_.first_refusal = last.first_refusal;
      report_.queued -= events;
      queued_bytes_ -= chunk.lines.size();
    }
    changed_.notify_all();
  }

  void requested(std::uint64_t resent) {
    const std::lock_guard lock(mutex_);
    ++report_.requests;
    report_.resent += resent;
  }

  void give_up(const std::string& why, bool unreachable) {
    {
      const std::lock_guard lock(mutex_);
      if (report_.failure.empty() && !stopping_) {
        report_.failure = why;
        report_.unreachable = unreachable;
      }
      stopping_ = true;
    }
    changed_.notify_all();
  }

  const SenderOptions& options() const { return options_; }
  SteadyTime now() const { return clock_.steady(); }

 private:
  bool fits(const EventChunk& chunk) const {
    return !stopping_ &&
           (queued_bytes_ == 0 || queued_bytes_ + chunk.lines.size() <= options_.queue_bytes_max);
  }
  void push(std::size_t connection, EventChunk& chunk) {
    if (chunk.due.empty()) return;
    report_.queued += chunk.due.size();
    queued_bytes_ += chunk.lines.size();
    connections_[connection % connections_.size()]->queue.push_back(std::move(chunk));
    chunk = {};
    changed_.notify_all();
  }

  const SenderOptions options_;
  const Clock& clock_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::thread> threads_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;  ///< Anything below changed.
  std::size_t queued_bytes_ = 0;
  bool stopping_ = false;
  SenderReport report_;
  Histogram latency_ns_;
};

void Connection::run() {
  while (auto chunk = owner_.take(*this)) {
    if (!send(*chunk)) return;
  }
}

/// Posts until there is an answer; nullopt: stopped, or gave up.
std::optional<http::ClientResponse> Connection::post(const EventChunk& chunk) {
  http::HeaderList headers;
  if (!chunk.key.empty()) headers.emplace_back("Idempotency-Key", chunk.key);
  const SteadyTime give_up = owner_.now() + owner_.options().lost_max;
  for (nanoseconds wait = kPauseMin;; wait = std::min(2 * wait, kPauseMax)) {
    auto reply = client_.post(target_, "application/x-ndjson", chunk.lines, headers);
    if (reply) return std::move(*reply);
    lost_ = true;
    if (owner_.now() > give_up) {
      owner_.give_up(reply.error().message, true);
      return std::nullopt;
    }
    owner_.requested(chunk.due.size());
    if (!owner_.pause(wait)) return std::nullopt;
  }
}

/// Sends one request until its answer is final. False: end the thread.
bool Connection::send(const EventChunk& chunk) {
  std::uint64_t accepted = 0;
  lost_ = false;
  for (bool again = false;; again = true) {
    owner_.requested(again ? chunk.due.size() : 0);
    const auto reply = post(chunk);
    if (!reply) return false;
    const EventReply read = read_event_reply(reply->status, reply->body);
    accepted += read.accepted;
    const bool ours =
        reply->status < 300 || read.retry || reply->status == 400 || reply->status == 413;
    if (!ours) {
      owner_.give_up("the receiver answered " + std::to_string(reply->status) + ": " +
                         std::string(reply->body.substr(0, 300)),
                     false);
      return false;
    }
    if (!read.retry) {
      // What an earlier try got accepted comes back as a duplicate of itself. Where the answer to
      // such a try was lost, all duplicates are taken for that.
      const std::uint64_t earlier =
          lost_ ? read.duplicates : std::min(read.duplicates, accepted - read.accepted);
      if (lost_) accepted = read.accepted + read.duplicates;
      if (owner_.options().answered) owner_.options().answered(chunk, reply->body);
      owner_.answered(chunk, accepted, read.duplicates - earlier, read);
      return true;
    }
    const seconds wait(retry_after_s(*reply));
    if (!owner_.pause(wait.count() > 0 ? wait : nanoseconds(kPauseMin))) return false;
  }
}

/// What the answer says does not matter.
Result<void> find_receiver(const http::Url& url, const Clock& clock) {
  http::Client probe(client_options(url));
  const SteadyTime end = clock.steady() + kStartMax;
  Wake pause;
  while (true) {
    const auto alive = probe.get("/livez");
    if (alive) return {};
    if (clock.steady() >= end) return tl::unexpected(alive.error());
    pause.wait_for(kPauseMin);
  }
}

}  // namespace

Result<std::unique_ptr<Sender>> Sender::start(const SenderOptions& options, const Clock& clock) {
  OUZEL_TRY(http::Url url, http::parse_url(options.url));
  if (url.target == "/") url.target = "/events";
  OUZEL_TRY_VOID(find_receiver(url, clock));
  auto out = std::make_unique<Connections>(options, url, clock);
  out->run();
  return out;
}

}  // namespace ouzel
