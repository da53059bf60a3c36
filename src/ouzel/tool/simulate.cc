#include "ouzel/tool/simulate.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "ouzel/base/clock.h"
#include "ouzel/base/exit_code.h"
#include "ouzel/gateway/sender.h"
#include "ouzel/gateway/simulator.h"
#include "ouzel/http/client.h"
#include "ouzel/pipeline/kafka_target.h"
#include "ouzel/run/interrupt.h"
#include "ouzel/tool/kafka/kafka_sender.h"
#include "ouzel/tool/text_output.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr nanoseconds kTick = milliseconds(1);  ///< The least pause between two portions.
constexpr nanoseconds kDrain = seconds(10);     ///< For the last answers.
constexpr std::size_t kEventBytes = 300;        ///< About the size of an event.
constexpr std::size_t kWriteBytes = 64 << 10;

/// Where the events go.
class Target {
 public:
  virtual ~Target() = default;
  virtual std::size_t shards() const { return 1; }
  /// Takes the lines and empties the chunk. With `wait` it waits for room, else it drops what
  /// there is no room for and counts it. Error: give up.
  virtual Result<void> write(std::size_t shard, EventChunk& chunk, bool wait) = 0;
  virtual Result<void> finish() { return {}; }
  /// Prints what came of it; `expected` events are broken on purpose. True: all is well.
  virtual bool report([[maybe_unused]] std::uint64_t expected) { return true; }
  /// Who reads the lines has left (`| head`), which is no failure.
  virtual bool left() const { return false; }
};

/// stdout, a file, a pipe.
class Lines final : public Target {
 public:
  explicit Lines(TextOutput out) : out_(std::move(out)) {}
  Result<void> write(std::size_t, EventChunk& chunk, bool) override {
    OUZEL_TRY_VOID(out_.write(chunk.lines));
    chunk.lines.clear();
    chunk.due.clear();
    return {};
  }
  bool left() const override { return out_.left(); }

 private:
  TextOutput out_;
};

double milliseconds_of(std::uint64_t ns) { return static_cast<double>(ns) * 1e-6; }

/// A receiver behind HTTP, or a topic.
class Receiver final : public Target {
 public:
  explicit Receiver(std::unique_ptr<Sender> sender, std::size_t connections)
      : sender_(std::move(sender)), connections_(connections) {}
  std::size_t shards() const override { return connections_; }

  Result<void> write(std::size_t shard, EventChunk& chunk, bool wait) override {
    const bool taken = wait ? sender_->put(shard, chunk) : sender_->offer(shard, chunk);
    if (taken) return {};
    const SenderReport report = sender_->report();
    if (!report.failure.empty()) return fail(ErrorCode::unavailable, report.failure);
    dropped_ += chunk.due.size();
    chunk = {};
    return {};
  }

  Result<void> finish() override {
    sender_->drain(kDrain);
    sender_->stop();
    const SenderReport report = sender_->report();
    if (!report.failure.empty()) return fail(ErrorCode::unavailable, report.failure);
    return {};
  }

  bool report(std::uint64_t expected) override {
    const SenderReport report = sender_->report();
    const std::uint64_t unsent = dropped_ + report.queued;
    std::fprintf(stderr,
                 "accepted=%llu duplicates=%llu refused=%llu unsent=%llu resent=%llu requests=%llu "
                 "latency_ms_p50=%.2f latency_ms_p99=%.2f latency_ms_max=%.2f\n",
                 static_cast<unsigned long long>(report.accepted),
                 static_cast<unsigned long long>(report.duplicates),
                 static_cast<unsigned long long>(report.refused),
                 static_cast<unsigned long long>(unsent),
                 static_cast<unsigned long long>(report.resent),
                 static_cast<unsigned long long>(report.requests),
                 milliseconds_of(report.latency_ns.quantile(0.5)),
                 milliseconds_of(report.latency_ns.quantile(0.99)),
                 milliseconds_of(report.latency_ns.quantile(1)));
    if (!report.first_refusal.empty()) {
      std::fprintf(stderr, "first refusal: %s\n", report.first_refusal.c_str());
    }
    return unsent == 0 && report.refused <= expected;
  }

 private:
  std::unique_ptr<Sender> sender_;
  std::size_t connections_;
  std::uint64_t dropped_ = 0;  ///< No room in the sender's queue: the receiver is too slow.
};

/// Plays the simulator to the target on the schedule of `rate`.
class Player {
 public:
  Player(const SimulateOptions& options, Simulator simulator, Target& target, TextOutput* truth,
         const Clock& clock)
      : options_(options),
        simulator_(std::move(simulator)),
        target_(target),
        truth_(truth),
        clock_(clock),
        chunks_(target.shards()) {}

  Result<void> play();
  std::uint64_t events() const { return events_; }
  std::uint64_t refusals_expected() const { return refusals_expected_; }
  nanoseconds behind() const { return behind_; }

 private:
  std::uint64_t limit() const;
  Result<void> make_until(std::uint64_t number, bool wait);
  Result<void> flush(bool wait);
  Result<void> flush_truth();
  SteadyTime due(std::uint64_t number) const {
    if (options_.rate <= 0) return now_;
    return start_ + nanoseconds(static_cast<std::int64_t>(static_cast<double>(number) * 1e9 /
                                                          options_.rate));
  }

  const SimulateOptions& options_;
  Simulator simulator_;
  Target& target_;
  TextOutput* truth_;
  const Clock& clock_;
  std::vector<EventChunk> chunks_;  ///< Of each shard, until the next flush.
  std::string truth_lines_;
  SteadyTime start_{}, now_{};
  nanoseconds behind_{0};  ///< The most that this program lagged its own schedule.
  std::uint64_t events_ = 0;
  std::uint64_t refusals_expected_ = 0;
};

/// Events to make; with a rate the duration is a number of events, so that it gives the same bytes.
std::uint64_t Player::limit() const {
  std::uint64_t most = options_.count == 0 ? UINT64_MAX : options_.count;
  if (options_.duration.count() > 0 && options_.rate > 0) {
    const double seconds_of = std::chrono::duration<double>(options_.duration).count();
    most = std::min(most, static_cast<std::uint64_t>(seconds_of * options_.rate + 0.5));
  }
  return most;
}

Result<void> Player::flush_truth() {
  if (truth_ == nullptr) {
    truth_lines_.clear();
    return {};
  }
  OUZEL_TRY_VOID(truth_->write(truth_lines_));
  truth_lines_.clear();
  return {};
}

Result<void> Player::flush(bool wait) {
  for (std::size_t shard = 0; shard < chunks_.size(); ++shard) {
    if (!chunks_[shard].due.empty()) OUZEL_TRY_VOID(target_.write(shard, chunks_[shard], wait));
  }
  return {};
}

Result<void> Player::make_until(std::uint64_t number, bool wait) {
  for (; events_ < number; ++events_) {
    // A device stays with its connection, so that its events keep their order.
    EventChunk& next = chunks_[simulator_.turn() % chunks_.size()];
    const SimulatedEvent event = simulator_.next(next.lines);
    next.due.push_back(due(events_));
    refusals_expected_ +=
        event.fault == SimulatedFault::malformed || event.fault == SimulatedFault::no_key ? 1 : 0;
    if (truth_ != nullptr) simulator_.truth(truth_lines_, event);
    if (next.due.size() >= options_.request_events_max || next.lines.size() >= kWriteBytes) {
      OUZEL_TRY_VOID(flush(wait));
    }
  }
  return flush(wait);
}

Result<void> Player::play() {
  const Interrupt interrupt;
  if (truth_ != nullptr) simulator_.drift_truth(truth_lines_);
  start_ = now_ = clock_.steady();
  SteadyTime truth_written = start_;
  const std::uint64_t last = limit();
  const bool paced = options_.rate > 0;
  constexpr std::uint64_t kPortion = 4096;
  while (events_ < last && !interrupt.requested()) {
    now_ = clock_.steady();
    std::uint64_t until = events_ + kPortion;
    if (paced) {
      // The clock alone says how many are due: a slow receiver or a late wake-up changes nothing.
      behind_ = std::max(behind_, now_ - due(events_));
      const double passed = std::chrono::duration<double>(now_ - start_).count();
      until = std::min(until, static_cast<std::uint64_t>(passed * options_.rate) + 1);
    } else if (options_.duration.count() > 0 && now_ - start_ >= options_.duration) {
      break;
    }
    OUZEL_TRY_VOID(make_until(std::min(until, last), !paced));
    if (truth_lines_.size() >= kWriteBytes || now_ - truth_written > milliseconds(200)) {
      OUZEL_TRY_VOID(flush_truth());
      truth_written = now_;
    }
    if (paced) {
      const nanoseconds left = due(events_) - clock_.steady();
      if (left.count() > 0) interrupt.wait(std::max(left, kTick));
    }
  }
  OUZEL_TRY_VOID(flush_truth());
  return target_.finish();
}

/// `send` takes a bare `kafka`, with a pipeline; here it would be a file of that name.
bool names_topic(const std::string& out) { return is_kafka_target(out) || out == "kafka"; }
bool names_file(const std::string& out) {
  return !names_topic(out) && out.find("://") == std::string::npos;
}

/// Whether the flags make sense, before anything is opened.
Result<void> judge(const SimulateOptions& options) {
  if (names_topic(options.out)) {
    OUZEL_TRY_VOID(parse_kafka_target(options.out, options.kafka));
  } else if (!names_file(options.out)) {
    OUZEL_TRY_VOID(http::parse_url(options.out));
  }
  return {};
}

Result<std::unique_ptr<Target>> open_topic(const SimulateOptions& options, const Clock& clock) {
  OUZEL_TRY(KafkaTarget target, parse_kafka_target(options.out, options.kafka));
  const auto key = [](std::string_view line) -> std::optional<std::string_view> {
    const std::string_view device = simulated_device_of(line);
    if (device.empty()) return std::nullopt;
    return device;
  };
  KafkaSenderOptions sending{.command = "simulate",
                             .settings = std::move(target.settings.producer),
                             .topic = std::move(target.topic),
                             .key = key};
  OUZEL_TRY(std::unique_ptr<Sender> sender, open_kafka_sender(std::move(sending), clock));
  return std::make_unique<Receiver>(std::move(sender), 1);
}

Result<std::unique_ptr<Target>> open_target(const SimulateOptions& options, const Clock& clock) {
  if (names_topic(options.out)) return open_topic(options, clock);
  if (names_file(options.out)) {
    OUZEL_TRY(TextOutput out, TextOutput::open(options.out));
    return std::make_unique<Lines>(std::move(out));
  }
  SenderOptions sending;
  sending.url = options.out;
  sending.connections = std::max(1U, options.connections);
  sending.request_events_max = std::max(1U, options.request_events_max);
  // Without a schedule the receiver sets the pace: two requests a connection may wait, not more.
  if (options.rate <= 0) {
    sending.queue_bytes_max = 2 * kEventBytes * sending.connections * sending.request_events_max;
  }
  OUZEL_TRY(std::unique_ptr<Sender> sender, Sender::start(sending, clock));
  return std::make_unique<Receiver>(std::move(sender), sending.connections);
}

}  // namespace

int simulate(const SimulateOptions& options) {
  const SystemClock clock;
  const auto wrong = [](const Error& error, int code) {
    failed("simulate", error);
    return code;
  };
  if (const auto good = judge(options); !good) return wrong(good.error(), kExitUsage);
  auto simulator = Simulator::make(options.simulator);
  if (!simulator) return wrong(simulator.error(), kExitUsage);
  if (is_one_file(options.truth, options.out)) {
    return wrong({ErrorCode::config, "--truth and --out are one file"}, kExitUsage);
  }
  std::optional<TextOutput> truth;
  if (!options.truth.empty()) {
    auto opened = TextOutput::open(options.truth);
    if (!opened) return wrong(opened.error(), kExitFailed);
    truth.emplace(std::move(*opened));
  }
  auto target = open_target(options, clock);
  if (!target && names_file(options.out)) return wrong(target.error(), kExitFailed);
  if (!target) return failed("simulate", target.error());

  Player player(options, std::move(*simulator), **target, truth ? &*truth : nullptr, clock);
  const auto played = player.play();
  if ((*target)->left()) return 0;
  if (options.out == "-") return played ? 0 : failed("simulate", played.error());
  std::fprintf(stderr, "events=%llu behind_ms=%.1f\n",
               static_cast<unsigned long long>(player.events()),
               milliseconds_of(static_cast<std::uint64_t>(player.behind().count())));
  const bool well = (*target)->report(player.refusals_expected());
  if (!played) return failed("simulate", played.error());
  return well ? 0 : 1;
}

}  // namespace ouzel
