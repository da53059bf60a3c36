#include "ouzel/tool/bench/bench.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>

#include "ouzel/base/clock.h"
#include "ouzel/base/exit_code.h"
#include "ouzel/base/file_system.h"
#include "ouzel/pipeline/pipeline_file.h"
#include "ouzel/tool/bench/bench_engine.h"
#include "ouzel/tool/bench/bench_figure.h"
#include "ouzel/tool/bench/bench_load.h"
#include "ouzel/tool/bench/kafka_bench.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::uint64_t kPoolEvents = 200'000;
constexpr std::uint32_t kConnections = 8;
constexpr std::size_t kRequestEvents = 1000;
constexpr std::size_t kSyncs = 1000;         ///< Before, and as many after, a latency run.
constexpr std::uint32_t kRestartTimes = 10;  ///< As many devices as elsewhere.
constexpr int kStarts = 5;
constexpr nanoseconds kPatience = seconds(60);

/// What the engine is asked to do: the fields of the simulator, features as in the examples.
constexpr std::string_view kPipeline = R"(name: bench
schema:
  key: device_id
  fields:
    temperature: {type: number, unit: celsius, min: -40, max: 150}
    humidity:    {type: number, unit: percent, min: 0, max: 100}
    pressure:    {type: number, unit: bar, min: 0, max: 20}
    vibration:   {type: number, unit: mm/s, min: 0, max: 100}
features:
  - {of: [temperature, humidity, pressure, vibration], take: [mean, std, zscore], last: 64}
  - {of: vibration, take: [max, delta], over: 5m}
model: detector
decide: {threshold: 0.9, review: 0.6, hold_off: 5m}
)";

class Bench {
 public:
  Bench(const BenchOptions& options, FileSystem& fs)
      : options_(options), fs_(fs), table_(options) {}

  Result<void> run();
  Result<void> write_json() const { return table_.write_json(fs_); }

 private:
  using Engine = std::unique_ptr<BenchEngine>;
  Result<Engine> start_engine();
  Result<Engine> engine();
  Result<void> start_and_idle();
  Result<void> latency();
  Result<void> latency_at(BenchEngine& engine, EventPool& pool, double rate);
  Result<void> throughput();
  Result<void> restart();
  Result<std::vector<EventPool>> pools(std::uint32_t devices) const;
  Result<void> checked(const LoadResult& load, const char* what) const;
  void add(Figure figure) { table_.add(std::move(figure)); }

  const BenchOptions& options_;
  FileSystem& fs_;
  const SystemClock clock_;
  int engines_ = 0;
  FigureTable table_;
};

/// A fresh engine with an empty log, started.
Result<Bench::Engine> Bench::start_engine() {
  const std::string directory = options_.directory + "/" + std::to_string(engines_++);
  OUZEL_TRY_VOID(fs_.make_directory(directory));
  std::string pipeline = options_.pipeline;
  if (pipeline.empty()) {
    OUZEL_TRY_VOID(replace_file(fs_, directory, "pipeline.yaml", kPipeline));
    pipeline = directory + "/pipeline.yaml";
  }
  auto out = std::make_unique<BenchEngine>(directory, pipeline, clock_);
  OUZEL_TRY_VOID(out->start());
  return out;
}

/// The same, ready.
Result<Bench::Engine> Bench::engine() {
  OUZEL_TRY(Engine out, start_engine());
  OUZEL_TRY_VOID(out->wait_ready(kPatience));
  return out;
}

Result<std::vector<EventPool>> Bench::pools(std::uint32_t devices) const {
  std::vector<EventPool> out;
  for (std::uint32_t i = 0; i < kConnections; ++i) {
    OUZEL_TRY(EventPool pool, EventPool::make(devices, kPoolEvents, i, kConnections));
    out.push_back(std::move(pool));
  }
  return out;
}

Result<void> Bench::checked(const LoadResult& load, const char* what) const {
  if (load.failure.empty() && load.refused == 0) return {};
  return fail(
      ErrorCode::unavailable,
      std::string(what) + ": " +
          (load.failure.empty() ? std::to_string(load.refused) + " events refused" : load.failure));
}

Result<void> Bench::start_and_idle() {
  double best = 1e9, worst = 0;
  Engine idle;
  for (int i = 0; i < kStarts; ++i) {
    OUZEL_TRY(idle, start_engine());
    OUZEL_TRY(const nanoseconds ready, idle->wait_ready(kPatience));
    best = std::min(best, ms_of(ready));
    worst = std::max(worst, ms_of(ready));
  }
  add({"start to ready, empty log", worst, "ms", 300, 100, false,
       text("the worst of %d; the best %.0f ms", kStarts, best)});
  pause_for(seconds(1));
  const nanoseconds span = std::min(options_.duration, nanoseconds(seconds(5)));
  const ProcessUse before = idle->use();
  pause_for(span);
  const ProcessUse after = idle->use();
  const double share = (after.cpu_threads_s - before.cpu_threads_s) /
                       std::chrono::duration<double>(span).count() * 100;
  add({"idle CPU", share, "%", 1, 0.1, false, text("over %.0f s", ms_of(span) / 1000)});
  return {};
}

/// The value below which `share` of what came between the two pictures of a histogram lies.
double quantile(const std::vector<std::pair<double, double>>& before,
                const std::vector<std::pair<double, double>>& after, double share) {
  const auto grown = [&](std::size_t i) {
    return after[i].second - (i < before.size() ? before[i].second : 0);
  };
  if (after.empty()) return 0;
  const double wanted = share * grown(after.size() - 1);
  double low = 0, had = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    const double count = grown(i);
    if (count >= wanted && count > had) {
      const double within = (wanted - had) / (count - had);
      return low + std::max(0.0, within) * (std::min(after[i].first, 1e3) - low);
    }
    low = after[i].first;
    had = count;
  }
  return low;
}

Result<void> Bench::latency_at(BenchEngine& engine, EventPool& pool, double rate) {
  Histogram syncs;
  OUZEL_TRY_VOID(measure_sync(fs_, clock_, options_.directory, kSyncs, syncs));
  OUZEL_TRY(const auto before, engine.end_to_end());
  const double cpu = engine.use().cpu_s;
  const LoadResult load =
      load_open_loop(pool, engine.port(), clock_, rate, kRequestEvents, options_.duration);
  OUZEL_TRY_VOID(checked(load, "latency"));
  OUZEL_TRY_VOID(engine.wait_quiet(kPatience));
  const double cpu_per_million =
      (engine.use().cpu_s - cpu) / static_cast<double>(load.accepted) * 1e6;
  OUZEL_TRY(const auto after, engine.end_to_end());
  OUZEL_TRY_VOID(measure_sync(fs_, clock_, options_.directory, kSyncs, syncs));
  HistogramTotals sync;
  sync.add(syncs);
  const double sync_p50 = static_cast<double>(sync.quantile(0.5)) * 1e-6;
  const double sync_p99 = static_cast<double>(sync.quantile(0.99)) * 1e-6;
  add({text("latency p50 at %.0f ev/s", rate), quantile(before, after, 0.5) * 1e3, "ms",
       3 * sync_p50 + 1, 1.5 * sync_p50 + 0.3, false,
       text("fdatasync p50 %.3f ms; %.1f CPU-s/M; answer p50 %.2f ms", sync_p50, cpu_per_million,
            static_cast<double>(load.answer_ns.quantile(0.5)) * 1e-6)});
  add({text("latency p99 at %.0f ev/s", rate), quantile(before, after, 0.99) * 1e3, "ms",
       3 * sync_p99 + 3, 1.5 * sync_p99 + 1, false,
       text("fdatasync p99 %.3f ms; answer p99 %.2f ms", sync_p99,
            static_cast<double>(load.answer_ns.quantile(0.99)) * 1e-6)});
  return {};
}

/// Acceptance to visible outcome, as the engine itself records it, at a fixed rate of arrival.
Result<void> Bench::latency() {
  OUZEL_TRY(Engine engine, this->engine());
  OUZEL_TRY(EventPool pool, EventPool::make(options_.devices, kPoolEvents, 0, 1));
  const LoadResult warm = load_open_loop(pool, engine->port(), clock_, 50'000, kRequestEvents,
                                         std::min(options_.duration, nanoseconds(seconds(2))));
  OUZEL_TRY_VOID(checked(warm, "warm-up"));
  for (const double rate : {1000.0, 5000.0, 50'000.0}) {
    OUZEL_TRY_VOID(latency_at(*engine, pool, rate));
  }
  return {};
}

Result<void> Bench::throughput() {
  OUZEL_TRY(std::vector<EventPool> load, pools(options_.devices));
  OUZEL_TRY(Engine engine, this->engine());
  const LoadResult warm =
      load_flat_out(load, engine->port(), clock_, kRequestEvents, milliseconds(500));
  OUZEL_TRY_VOID(checked(warm, "warm-up"));
  OUZEL_TRY_VOID(engine->wait_quiet(kPatience));
  Histogram syncs;
  OUZEL_TRY_VOID(measure_sync(fs_, clock_, options_.directory, kSyncs, syncs));

  const double cpu = engine->use().cpu_s, own = own_cpu_s();
  const SteadyTime begin = clock_.steady();
  const LoadResult result =
      load_flat_out(load, engine->port(), clock_, kRequestEvents, options_.duration);
  const double own_used = own_cpu_s() - own;
  OUZEL_TRY_VOID(checked(result, "throughput"));
  OUZEL_TRY_VOID(engine->wait_quiet(kPatience));
  const double took = std::chrono::duration<double>(clock_.steady() - begin).count();
  const ProcessUse use = engine->use();
  const double events = static_cast<double>(result.accepted);
  HistogramTotals sync;
  sync.add(syncs);
  add({"throughput, all on disk", events / took, "ev/s", 200'000, 500'000, true,
       text("%.0f bytes an event, %zu a request, %u connections; load %.2f CPU-s/M; "
            "fdatasync p50 %.3f ms",
            load.front().bytes_per_event(), kRequestEvents, kConnections, own_used / events * 1e6,
            static_cast<double>(sync.quantile(0.5)) * 1e-6)});
  add({"CPU-s per million events", (use.cpu_s - cpu) / events * 1e6, "s", 4, 1.5, false,
       "of the engine, user and system"});
  add({"memory", use.rss_mb, "MB", 100, 50, false,
       text("resident, at %u keys after that load; at most %.0f MB", options_.devices,
            use.rss_peak_mb)});
  return {};
}

/// From the start of the second process to the first outcome of an event that the first never saw.
Result<void> Bench::restart() {
  const std::uint32_t devices = options_.devices * kRestartTimes;
  OUZEL_TRY(std::vector<EventPool> load, pools(devices));
  OUZEL_TRY(Engine engine, this->engine());
  LoadResult sent;
  for (int lap = 0; lap < 2; ++lap) {
    sent = load_once(load, engine->port(), clock_, kRequestEvents);
    OUZEL_TRY_VOID(checked(sent, "restart"));
  }
  OUZEL_TRY(const StatusView had, engine->wait_quiet(kPatience));
  const ProcessUse use = engine->use();
  engine->kill();
  const SteadyTime begin = clock_.steady();
  OUZEL_TRY_VOID(engine->start());
  OUZEL_TRY(const nanoseconds ready, engine->wait_ready(kPatience));
  std::vector<EventPool> one;
  one.push_back(std::move(load.front()));
  const LoadResult fresh =
      load_open_loop(one.front(), engine->port(), clock_, 1000, 1, milliseconds(1));
  OUZEL_TRY_VOID(checked(fresh, "after the restart"));
  OUZEL_TRY(const StatusView now, engine->wait_quiet(kPatience));
  const nanoseconds took = clock_.steady() - begin;
  if (now.accepted != had.accepted + 1) {
    return fail(ErrorCode::corrupt, text("after the restart: %llu events expected, got %llu",
                                         static_cast<unsigned long long>(had.accepted + 1),
                                         static_cast<unsigned long long>(now.accepted)));
  }
  add({"restart after kill -9", ms_of(took), "ms", 2000, 500, false,
       text("%u keys, %.0f MB resident (at most %.0f MB), until the first new outcome; ready after "
            "%.0f ms",
            devices, use.rss_mb, use.rss_peak_mb, ms_of(ready))});
  return {};
}

Result<void> Bench::run() {
  const struct {
    const char* name;
    Result<void> (Bench::*measure)();
  } kMeasures[] = {{"start", &Bench::start_and_idle},
                   {"latency", &Bench::latency},
                   {"throughput", &Bench::throughput},
                   {"restart", &Bench::restart}};
  table_.begin((options_.pipeline.empty() ? "detector, 14 features" : options_.pipeline) +
               std::string(", durability disk"));
  for (const auto& one : kMeasures) {
    const bool wanted =
        options_.only.empty() ||
        std::find(options_.only.begin(), options_.only.end(), one.name) != options_.only.end();
    if (wanted) OUZEL_TRY_VOID((this->*one.measure)());
  }
  return {};
}

/// Empty, or not there: nothing of the user's is ever removed.
Result<void> make_scratch(FileSystem& fs, const std::string& directory) {
  if (fs.exists(directory)) {
    OUZEL_TRY(const auto names, fs.list(directory));
    if (names.empty()) return {};
    return fail(ErrorCode::config, directory + " is not empty: name another with --dir");
  }
  return fs.make_directory(directory);
}

}  // namespace

int bench(const BenchOptions& options) {
  const auto fs = make_posix_file_system();
  if (!options.pipeline.empty()) {
    const auto loaded = load_or_print({.path = options.pipeline, .listen = {}, .sets = {}});
    if (!loaded) return kExitConfig;
    if (!loaded->pipeline.kafka_source.topic.empty()) {
      return bench_kafka(options, loaded->pipeline, *fs);
    }
  }
  if (const auto made = make_scratch(*fs, options.directory); !made)
    return failed("bench", made.error());
  Result<void> done;
  {
    Bench bench(options, *fs);
    done = bench.run();
    if (done) done = bench.write_json();
  }
  std::error_code ignored;
  std::filesystem::remove_all(options.directory, ignored);
  return done ? 0 : failed("bench", done.error());
}

}  // namespace ouzel
