#include "ouzel/serve/metrics.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "ouzel/batch/batch.h"
#include "ouzel/serve/status_json.h"

namespace ouzel {
namespace {

constexpr auto kCounter = MetricKind::counter;
constexpr auto kGauge = MetricKind::gauge;
constexpr auto kHistogram = MetricKind::histogram;

template <class Get>
std::uint64_t sum_of(const EngineStatus& engine, Get get) {
  std::uint64_t out = 0;
  for (const LaneStatus& lane : engine.lanes) out += get(lane);
  return out;
}

/// As totals_of.
std::uint64_t accepted(const EngineStatus& engine) {
  return engine.gone.accepted + sum_of(engine, [](const LaneStatus& lane) {
           return lane.accepted - lane.before.scored - lane.before.rejected_total();
         });
}

/// Accepted and without an outcome yet.
std::uint64_t in_flight(const LaneStatus& lane) {
  const std::uint64_t done = lane.totals.scored + lane.totals.rejected_total();
  return lane.accepted - std::min(lane.accepted, done);
}

void write_events(MetricsPage& page, const MetricsInput& input) {
  const EngineStatus& engine = input.engine;
  const std::string version = std::to_string(engine.model_version);
  const auto relaxed = std::memory_order_relaxed;
  page.family(
      "ouzel_events_received_total", kCounter,
      "Events sent to a door, read from a file, or fetched from Kafka by this worker; again "
      "where they came again, but not those replayed to restore a state.");
  page.sample(input.events.from_http(), {{"source", "http"}});
  if (!input.events.source.empty()) {
    page.sample(input.events.from_source(), {{"source", input.events.source}});
  }
  page.family("ouzel_events_accepted_total", kCounter,
              "Events on disk: accepted = scored + rejected + in flight.");
  page.sample(accepted(engine));
  page.family("ouzel_events_refused_total", kCounter,
              "Events refused at the door: the sender was told, nothing was kept.");
  for (const Fate fate : {Fate::malformed, Fate::no_key, Fate::too_large, Fate::envelope}) {
    page.sample(input.events.http.refused[static_cast<std::size_t>(fate)].load(relaxed),
                {{"reason", to_string(fate)}});
  }
  page.sample(input.events.http.refused[static_cast<std::size_t>(Fate::live)].load(relaxed),
              {{"reason", "unavailable"}});
  page.family("ouzel_events_duplicate_total", kCounter, "Events that had been accepted before.");
  page.sample(sum_of(engine, [](const LaneStatus& lane) { return lane.duplicates; }));
  page.family("ouzel_events_scored_total", kCounter,
              "Events with a score on disk, by the model that decided; those from before this "
              "start count for the first model since.");
  const Totals totals = totals_of(engine);
  for (const ModelScored& one : scored_by_model(engine)) {
    page.sample(one.scored, {{"model", one.name}, {"version", std::to_string(one.version)}});
  }
  page.family("ouzel_events_rejected_total", kCounter,
              "Events that were accepted and then rejected, with the reason.");
  for (std::size_t i = 1; i < kFates; ++i) {
    page.sample(totals.rejected[i], {{"reason", to_string(static_cast<Fate>(i))}});
  }
  page.family("ouzel_events_late_total", kCounter, "Events behind their key's newest event time.");
  page.sample(totals.late);
  page.family("ouzel_review_overflow_total", kCounter,
              "Events between review and threshold that the review budget had no room for.");
  page.sample(totals.review_overflow);
  page.family("ouzel_outcomes_routed_total", kCounter, "Scored events by their route.");
  page.sample(totals.alerts, {{"route", "alert"}});
  page.sample(totals.reviews, {{"route", "review"}});
  page.sample(totals.scored - std::min(totals.scored, totals.alerts + totals.reviews),
              {{"route", "pass"}});
  page.family("ouzel_events_in_flight", kGauge, "Events on disk without an outcome yet.");
  page.sample(sum_of(engine, in_flight));
}

void write_times(MetricsPage& page, const MetricsInput& input) {
  const EngineStatus& engine = input.engine;
  page.family("ouzel_event_end_to_end_seconds", kHistogram,
              "From an event's acceptance to its visible outcome.");
  page.histogram(engine.end_to_end_ns, seconds_scale());
  page.family("ouzel_stage_duration_seconds", kHistogram, "Time of a batch in a stage.");
  for (const auto& [stage, totals] : engine.stage_ns) {
    page.histogram(totals, seconds_scale(), {{"stage", stage}});
  }
  page.family("ouzel_inference_duration_seconds", kHistogram,
              "Time of a batch in the model, its features aside.");
  for (const auto& [stage, totals] : engine.stage_ns) {
    if (!is_model_stage(stage)) continue;
    page.histogram(
        totals, seconds_scale(),
        {{"model", engine.model_name}, {"version", std::to_string(engine.model_version)}});
  }
  page.family("ouzel_batch_rows", kHistogram, "Events that a lane took at a time.");
  page.histogram(engine.batch_rows, rows_scale());
  page.family("ouzel_log_sync_seconds", kHistogram, "Duration of one fdatasync of the log.");
  page.histogram(engine.sync_ns, seconds_scale());
  page.family("ouzel_snapshot_duration_seconds", kHistogram, "Time to write one snapshot.");
  page.histogram(engine.snapshot_ns, seconds_scale());
}

void write_lanes(MetricsPage& page, const MetricsInput& input) {
  const EngineStatus& engine = input.engine;
  page.family("ouzel_lag_events", kGauge, "Events of a partition that wait for their outcome.");
  for (const LaneStatus& lane : engine.lanes) {
    page.sample(in_flight(lane) + lane.unread,
                {{"topic", "events"}, {"partition", std::to_string(lane.partition.value())}});
  }
  page.family("ouzel_partition_up", kGauge, "1 while the partition's lane works, 0 otherwise.");
  for (const LaneStatus& lane : engine.lanes) {
    page.sample(std::uint64_t{lane.state == LaneStatus::State::running},
                {{"partition", std::to_string(lane.partition.value())}});
  }
  EventTime newest{};
  for (const LaneStatus& lane : engine.lanes) newest = std::max(newest, lane.newest_event);
  if (newest > EventTime{}) {
    using Seconds = std::chrono::duration<double>;
    page.family("ouzel_event_time_lag_seconds", kGauge,
                "How far the newest event time with an outcome is behind the wall clock.");
    page.sample(Seconds(input.now.time_since_epoch() - newest.time_since_epoch()).count());
  }
  page.family("ouzel_keys", kGauge, "Keys with state in memory.");
  page.sample(sum_of(engine, [](const LaneStatus& lane) { return lane.keys; }));
  page.family("ouzel_keys_max", kGauge, "Keys that may have state (limits.keys).");
  page.sample(sum_of(engine, [](const LaneStatus& lane) { return lane.keys_max; }));
  page.family("ouzel_keys_evicted_total", kCounter, "Keys whose state made room for others.");
  page.sample(engine.gone.keys_evicted +
              sum_of(engine, [](const LaneStatus& lane) { return lane.keys_evicted; }));
}

void write_log(MetricsPage& page, const MetricsInput& input) {
  const LogStatus& log = input.engine.log;
  page.family("ouzel_log_bytes", kGauge, "Bytes of a topic appended since this process started.");
  page.sample(log.events_bytes, {{"topic", "events"}});
  page.sample(log.outcomes_bytes, {{"topic", "outcomes"}});
  page.family("ouzel_log_disk_bytes", kGauge, "Size of the log's segment files.");
  page.sample(log.log_bytes);
  page.family("ouzel_snapshot_disk_bytes", kGauge, "Size of the snapshots.");
  page.sample(log.snapshot_bytes);
  page.family("ouzel_log_admits_events", kGauge, "0 while the log has no room or has failed.");
  page.sample(std::uint64_t{log.admits_events});
}

void write_sinks(MetricsPage& page, const MetricsInput& input) {
  if (input.engine.sinks.empty()) return;
  const auto each = [&](std::string_view name, MetricKind kind, std::string_view help, auto get) {
    page.family(name, kind, help);
    for (const SinkStatus& sink : input.engine.sinks) page.sample(get(sink), {{"sink", sink.name}});
  };
  each("ouzel_sink_delivered_total", kCounter, "Outcomes that a sink's receiver has taken.",
       [](const SinkStatus& sink) { return sink.delivered; });
  each("ouzel_sink_retries_total", kCounter, "Requests that a sink sent again.",
       [](const SinkStatus& sink) { return sink.retries; });
  each("ouzel_sink_dead_letters_total", kCounter, "Outcomes that a sink gave up and kept.",
       [](const SinkStatus& sink) { return sink.dead_letters; });
  each("ouzel_sink_skipped_total", kCounter,
       "Outcomes that were removed (limits.backlog_bytes) or damaged before a sink read them.",
       [](const SinkStatus& sink) { return sink.skipped; });
  each("ouzel_sink_lag_events", kGauge, "Outcomes on disk that a sink has yet to pass.",
       [&](const SinkStatus& sink) { return sink_lag(sink, input.engine); });
  each("ouzel_sink_up", kGauge, "0 while a sink does not get on.",
       [](const SinkStatus& sink) { return std::uint64_t{sink.trouble.empty()}; });
}

void write_server(MetricsPage& page, const MetricsInput& input) {
  const http::ServerStatus& server = input.server;
  page.family("ouzel_http_requests_total", kCounter, "HTTP requests by the class of their answer.");
  page.sample(server.requests_2xx, {{"code", "2xx"}});
  page.sample(server.requests_4xx, {{"code", "4xx"}});
  page.sample(server.requests_5xx, {{"code", "5xx"}});
  page.family("ouzel_http_received_bytes_total", kCounter, "Bytes received over HTTP.");
  page.sample(server.received_bytes);
  page.family("ouzel_http_connections", kGauge, "Open HTTP connections.");
  page.sample(server.connections);
  page.family("ouzel_http_connections_refused_total", kCounter,
              "HTTP connections refused because too many were open.");
  page.sample(server.connections_refused);
  page.family("ouzel_http_buffered_bytes", kGauge, "Bytes of request bodies in memory.");
  page.sample(server.buffered_bytes);
}

void write_process(MetricsPage& page, const MetricsInput& input) {
  const EngineStatus& engine = input.engine;
  page.family("ouzel_model_info", kGauge, "The models in force.");
  page.sample(std::uint64_t{1}, {{"model", engine.model_name},
                                 {"version", std::to_string(engine.model_version)},
                                 {"role", "champion"}});
  page.family("ouzel_pipeline_changes_refused_total", kCounter,
              "Changes of the pipeline file, a table or a model that were not taken over.");
  page.sample(input.refusals.count);
  page.family("ouzel_pipeline_last_change_successful", kGauge,
              "0 while an older pipeline is in force, as the newest change was refused.");
  page.sample(std::uint64_t{input.refusals.why.empty()});
  page.family("ouzel_build_info", kGauge, "The program's version.");
  page.sample(std::uint64_t{1}, {{"version", input.version}, {"revision", input.revision}});
  const ProcessStatus& process = input.process;
  page.family("process_cpu_seconds_total", kCounter, "User and system CPU time.");
  page.sample(process.cpu_seconds);
  page.family("process_resident_memory_bytes", kGauge, "Resident memory.");
  page.sample(process.resident_bytes);
  page.family("process_virtual_memory_bytes", kGauge, "Virtual memory.");
  page.sample(process.virtual_bytes);
  page.family("process_open_fds", kGauge, "Open file descriptors.");
  page.sample(process.open_files);
  page.family("process_max_fds", kGauge, "File descriptors that may be open.");
  page.sample(process.open_files_max);
  page.family("process_threads", kGauge, "Threads of the process.");
  page.sample(process.threads);
  page.family("process_start_time_seconds", kGauge, "Start of the process since the epoch.");
  page.sample(process.start_time_seconds);
}

}  // namespace

std::string write_metrics(const MetricsInput& input, MetricsForm form) {
  MetricsPage page(form);
  write_events(page, input);
  write_times(page, input);
  write_lanes(page, input);
  write_log(page, input);
  write_sinks(page, input);
  write_server(page, input);
  write_process(page, input);
  return page.finish();
}

}  // namespace ouzel
