#include "ouzel/tool/bench/kafka_bench.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ouzel/base/clock.h"
#include "ouzel/base/exit_code.h"
#include "ouzel/gateway/simulator.h"
#include "ouzel/log/kafka/kafka_settings.h"
#include "ouzel/log/kafka/record_writer.h"
#include "ouzel/log/kafka/topic_reader.h"
#include "ouzel/tool/bench/bench_engine.h"
#include "ouzel/tool/bench/bench_figure.h"
#include "ouzel/tool/bench/bench_run.h"
#include "ouzel/tool/kafka/meet_brokers.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr milliseconds kWait{5};
constexpr std::size_t kReadMax = 2000;
constexpr std::size_t kQueuedMax = 50'000;       ///< Records that wait for a broker's answer.
constexpr std::uint64_t kEventsMax = 5'000'000;  ///< Of a measure: 120 MB of times.
constexpr nanoseconds kPatience = seconds(30);   ///< Without another outcome.
constexpr nanoseconds kWarm = seconds(3);

/// Reads the outcomes topic from its end on, on a thread of its own.
class Reading {
 public:
  static Result<std::unique_ptr<Reading>> start(const KafkaSettingList& settings,
                                                const std::string& topic, const Clock& clock) {
    KafkaSettingList quick = {{"fetch.wait.max.ms", "10"}};
    quick.insert(quick.end(), settings.begin(), settings.end());
    OUZEL_TRY(auto reader, meet_brokers("bench", [&](milliseconds limit) {
                return TopicReader::open(quick, topic, {.kind = TopicStart::Kind::end}, limit);
              }));
    // What is written before the end is known would be passed over.
    std::vector<KafkaMessage> others;
    for (milliseconds waited{0}; !reader->at_end(); waited += kWait) {
      if (waited >= kMeetMax) {
        return fail(ErrorCode::unavailable, "kafka: topic " + topic + ": no answer from a broker");
      }
      others.clear();
      OUZEL_TRY_VOID(reader->poll(kWait, kReadMax, others));
    }
    return std::make_unique<Reading>(std::move(reader), clock);
  }

  Reading(std::unique_ptr<TopicReader> reader, const Clock& clock)
      : reader_(std::move(reader)), clock_(clock) {}
  ~Reading() { (void)stop(); }

  /// Events whose ids begin so are ours.
  void begin(std::string prefix) {
    prefix_ = std::move(prefix);
    thread_ = std::thread([this] { read(); });
  }
  std::uint64_t count() const { return count_.load(std::memory_order_acquire); }
  /// What was read; afterwards nothing more is.
  Result<std::vector<SeenOutcome>> stop() {
    stopping_.store(true, std::memory_order_release);
    if (thread_.joinable()) thread_.join();
    if (failure_) return tl::unexpected(*failure_);
    return std::move(seen_);
  }
  bool failed() const { return failed_.load(std::memory_order_acquire); }

 private:
  void read() {
    std::vector<KafkaMessage> messages;
    while (!stopping_.load(std::memory_order_acquire)) {
      messages.clear();
      if (const auto done = reader_->poll(kWait, kReadMax, messages); !done) {
        failure_ = done.error();
        return failed_.store(true, std::memory_order_release);
      }
      const SteadyTime now = clock_.steady();
      for (const KafkaMessage& message : messages) take(message.record().value.value_or(""), now);
      count_.store(seen_.size(), std::memory_order_release);
    }
  }

  void take(std::string_view data, SteadyTime now) {
    if (const auto one = seen_outcome(data, prefix_, now)) seen_.push_back(*one);
  }

  std::unique_ptr<TopicReader> reader_;
  const Clock& clock_;
  std::string prefix_;
  std::vector<SeenOutcome> seen_;  ///< The thread's until it is joined; so is failure_.
  std::optional<Error> failure_;
  std::atomic<std::uint64_t> count_{0};
  std::atomic<bool> stopping_{false}, failed_{false};
  std::thread thread_;
};

class KafkaBench {
 public:
  KafkaBench(const BenchOptions& options, const Pipeline& pipeline, KafkaSettings settings)
      : options_(options),
        source_(pipeline.kafka_source),
        settings_(std::move(settings)),
        table_(options) {}

  Result<bool> run() {
    table_.begin(options_.pipeline + ", topic " + source_.topic + " to " + source_.outcomes +
                 ", whoever runs it");
    OUZEL_TRY_VOID(open_writer());
    OUZEL_TRY(const BenchRun warm, measure(1000, std::min(kWarm, options_.duration)));
    bool whole = warm.complete();
    const auto wanted = [&](const char* name) {
      return options_.only.empty() || std::count(options_.only.begin(), options_.only.end(), name);
    };
    for (const double rate : {1000.0, 5000.0}) {
      if (!wanted("latency")) break;
      OUZEL_TRY(const BenchRun found, measure(rate, options_.duration));
      table_.add({text("event to outcome p50, %.0f ev/s", rate), found.quantile(0.5), "ms", 0, 0,
                  false, beside(found)});
      table_.add({text("event to outcome p99, %.0f ev/s", rate), found.quantile(0.99), "ms"});
      whole = found.complete() && whole;
    }
    if (wanted("throughput")) {
      OUZEL_TRY(const BenchRun found, measure(0, options_.duration));
      table_.add(
          {"throughput, all committed", found.per_second(), "ev/s", 0, 0, true, beside(found)});
      whole = found.complete() && whole;
    }
    return whole;
  }
  const FigureTable& table() const { return table_; }

 private:
  static std::string beside(const BenchRun& run) {
    const auto number = [](std::uint64_t count) { return static_cast<unsigned long long>(count); };
    return text("%llu events: %llu lost, %llu doubled, %llu rejected", number(run.written),
                number(run.lost), number(run.doubled), number(run.rejected));
  }

  /// Rate 0: as fast as the brokers take them.
  Result<BenchRun> measure(double rate, nanoseconds duration) {
    // Events of now, so that they are neither late nor ahead whatever was measured before.
    SimulatorSpec spec{.devices = options_.devices, .interval = milliseconds(1)};
    spec.start = EventTime(clock_.wall().time_since_epoch());
    OUZEL_TRY(Simulator simulator, Simulator::make(spec));
    OUZEL_TRY(const auto reading, Reading::start(settings_.consumer, source_.outcomes, clock_));
    reading->begin(simulator.id_prefix());
    OUZEL_TRY(const std::vector<SteadyTime> due, write(simulator, rate, duration));
    OUZEL_TRY_VOID(wait(*reading, due.size()));
    OUZEL_TRY(const std::vector<SeenOutcome> seen, reading->stop());
    return summarize(due, seen);
  }

  /// One for all measures: what is written first may wait for half a second until the brokers have
  /// given the producer a number, and that is none of the engine's time.
  Result<void> open_writer() {
    KafkaSettingList settings = {{"linger.ms", "1"}};
    settings.insert(settings.end(), settings_.producer.begin(), settings_.producer.end());
    OUZEL_TRY(writer_, RecordWriter::open(settings, source_.topic, kMeetMax,
                                          [this](void*, const Error* failure) {
                                            if (failure != nullptr && !wrong_) wrong_ = *failure;
                                          }));
    return {};
  }

  /// When each event was due, by its number.
  Result<std::vector<SteadyTime>> write(Simulator& simulator, double rate, nanoseconds duration) {
    const RecordHeader header{"content-type", "application/cloudevents+json; charset=UTF-8"};
    std::vector<SteadyTime> due;
    std::string line;
    const SteadyTime begin = clock_.steady();
    while (!wrong_ && due.size() < kEventsMax) {
      const SteadyTime now = clock_.steady();
      const SteadyTime next = rate == 0
                                  ? now
                                  : begin + nanoseconds(static_cast<std::int64_t>(
                                                static_cast<double>(due.size()) / rate * 1e9));
      if (std::max(now, next) >= begin + duration) break;
      if (next > now || writer_->queued() >= kQueuedMax) {
        writer_->poll(milliseconds(1));
        continue;
      }
      line.clear();
      simulator.next(line);
      line.pop_back();
      const OutRecord record{
          .key = simulated_device_of(line), .value = line, .headers = {&header, 1}};
      OUZEL_TRY(const bool taken, writer_->put(record, nullptr, false));
      if (!taken) return fail(ErrorCode::unavailable, "kafka: the producer's queue is full");
      due.push_back(next);
      if (due.size() % kReportEvery == 0) writer_->poll(milliseconds(0));
    }
    while (writer_->queued() > 0 && !wrong_) writer_->poll(kWait);  // Each has a time limit.
    if (wrong_) return tl::unexpected(*wrong_);
    return due;
  }

  Result<void> wait(const Reading& reading, std::uint64_t count) const {
    std::uint64_t had = 0;
    for (SteadyTime heard = clock_.steady(); clock_.steady() - heard < kPatience;) {
      const std::uint64_t now = reading.count();
      if (now >= count || reading.failed()) return {};
      if (now > had) heard = clock_.steady();
      had = now;
      pause_for(kWait);
    }
    if (had > 0) return {};
    return fail(
        ErrorCode::unavailable,
        "no outcome came within 30 s: does a worker run? (ouzel run " + options_.pipeline + ")");
  }

  static constexpr std::size_t kReportEvery = 100;

  const BenchOptions& options_;
  const KafkaSourceSpec& source_;
  const KafkaSettings settings_;
  const SystemClock clock_;
  FigureTable table_;
  std::optional<Error> wrong_;  ///< The first that the writer met.
  std::unique_ptr<RecordWriter> writer_;
};

}  // namespace

int bench_kafka(const BenchOptions& options, const Pipeline& pipeline, FileSystem& fs) {
  if (pipeline.kafka_source.format == RecordFormat::json) {
    return failed("bench",
                  {ErrorCode::config,
                   "source.kafka.format: auto expected: events are told apart by their ids"});
  }
  for (const std::string& wanted : options.only) {
    if (wanted == "latency" || wanted == "throughput") continue;
    return failed("bench", {ErrorCode::config,
                            "on Kafka: latency or throughput expected, got `" + wanted + "`"});
  }
  auto settings = kafka_settings(pipeline.kafka, pipeline.directory);
  if (!settings) return failed("bench", settings.error());
  KafkaBench bench(options, pipeline, std::move(*settings));
  const auto whole = bench.run();
  if (!whole) return failed("bench", whole.error());
  if (const auto written = bench.table().write_json(fs); !written)
    return failed("bench", written.error());
  return *whole ? kExitDone : kExitFailed;
}

}  // namespace ouzel
