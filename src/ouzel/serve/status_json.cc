#include "ouzel/serve/status_json.h"

#include <algorithm>
#include <array>
#include <limits>

#include "ouzel/serve/json_writer.h"

namespace ouzel {
namespace {

constexpr double kMilliseconds = 1e6;  // In nanoseconds.

std::string_view state_name(LaneStatus::State state) {
  constexpr std::array<std::string_view, 3> kNames = {"recovering", "running", "stopped"};
  return kNames[static_cast<std::size_t>(state)];
}

/// What came between two readings of one histogram.
HistogramTotals operator-(HistogramTotals to, const HistogramTotals& from) {
  for (std::size_t i = 0; i < to.buckets.size(); ++i) {
    to.buckets[i] -= std::min(to.buckets[i], from.buckets[i]);
  }
  to.count -= std::min(to.count, from.count);
  to.sum -= std::min(to.sum, from.sum);
  return to;
}

struct Sums {
  std::uint64_t accepted = 0, duplicates = 0, keys = 0, keys_evicted = 0, rejected = 0;
  Totals totals;
};

Sums sum(const EngineStatus& status) {
  Sums out;
  for (const LaneStatus& lane : status.lanes) {
    out.accepted += lane.accepted;
    out.duplicates += lane.duplicates;
    out.keys += lane.keys;
    out.keys_evicted += lane.keys_evicted;
    out.totals.scored += lane.totals.scored;
    out.totals.late += lane.totals.late;
    out.totals.alerts += lane.totals.alerts;
    out.totals.reviews += lane.totals.reviews;
    for (std::size_t i = 0; i < kFates; ++i) out.totals.rejected[i] += lane.totals.rejected[i];
  }
  for (std::size_t i = 1; i < kFates; ++i) out.rejected += out.totals.rejected[i];
  return out;
}

void write_quantiles(JsonWriter& out, std::string_view name, const HistogramTotals& totals,
                     double unit) {
  out.name(name).begin_object().member("count", totals.count);
  for (const auto& [text, share] :
       {std::pair("p50", 0.5), std::pair("p90", 0.9), std::pair("p99", 0.99)}) {
    out.member(text, static_cast<double>(totals.quantile(share)) / unit);
  }
  out.end_object();
}

void write_lane(JsonWriter& out, const LaneStatus& lane) {
  const std::uint64_t rejected = lane.totals.rejected_total();
  const std::uint64_t done = lane.totals.scored + rejected;
  out.begin_object().member("partition", lane.partition.value());
  out.member("state", state_name(lane.state));
  if (!lane.why.empty()) out.member("why", lane.why);
  out.member("accepted", lane.accepted).member("scored", lane.totals.scored);
  out.member("rejected", rejected)
      .member("in_flight", lane.accepted - std::min(lane.accepted, done));
  out.member("keys", lane.keys).member("keys_max", lane.keys_max);
  if (lane.newest_event > EventTime{}) {
    using Seconds = std::chrono::duration<double>;
    out.member("newest_event_s", Seconds(lane.newest_event.time_since_epoch()).count());
  }
  out.end_object();
}

void write_sink(JsonWriter& out, const SinkStatus& sink, std::uint64_t lag) {
  out.begin_object().member("name", sink.name).member("kind", sink.kind);
  out.member("target", sink.target).member("delivered", sink.delivered);
  out.member("retries", sink.retries).member("dead_letters", sink.dead_letters);
  out.member("skipped", sink.skipped).member("lag", lag);
  if (!sink.trouble.empty()) out.member("trouble", sink.trouble);
  out.end_object();
}

void write_totals(JsonWriter& out, const Sums& sums, const EventCounters& events) {
  const std::uint64_t done = sums.totals.scored + sums.rejected;
  out.member("accepted", sums.accepted).member("scored", sums.totals.scored);
  out.member("rejected", sums.rejected);
  out.member("in_flight", sums.accepted - std::min(sums.accepted, done));
  out.member("late", sums.totals.late).member("alerts", sums.totals.alerts);
  out.member("reviews", sums.totals.reviews).member("duplicates", sums.duplicates);
  out.member("received", events.from_http() + events.from_source());
  std::uint64_t refused = 0;
  for (const auto& count : events.http.refused) refused += count.load(std::memory_order_relaxed);
  out.member("refused", refused);
  out.member("keys", sums.keys).member("keys_evicted", sums.keys_evicted);
  out.name("rejected_by").begin_object();
  for (std::size_t i = 1; i < kFates; ++i) {
    if (sums.totals.rejected[i] > 0) {
      out.member(to_string(static_cast<Fate>(i)), sums.totals.rejected[i]);
    }
  }
  out.end_object();
}

/// As the pipeline file names it.
std::string written(const FieldSource& source) {
  return (source.kind == FieldSource::Kind::attribute ? "ce." : "") + source.name;
}

void write_field(JsonWriter& out, const Field& field) {
  constexpr std::array<std::string_view, 4> kTypes = {"number", "integer", "boolean", "string"};
  out.begin_object().member("name", field.name);
  out.member("type", kTypes[static_cast<std::size_t>(field.type)]);
  if (!field.unit.empty()) out.member("unit", field.unit);
  out.member("required", field.required);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (field.min > -kInfinity) out.member("min", field.min);
  if (field.max < kInfinity) out.member("max", field.max);
  out.end_object();
}

}  // namespace

std::uint64_t sink_lag(const SinkStatus& sink, const EngineStatus& engine) {
  if (sink.lag) return *sink.lag;
  std::uint64_t out = 0;
  for (const LaneStatus& lane : engine.lanes) {
    const std::uint64_t done = lane.totals.scored + lane.totals.rejected_total();
    const std::size_t i = lane.partition.value();
    if (i < sink.next.size()) out += done - std::min(done, sink.next[i].value());
  }
  return out;
}

std::string status_json(const EngineStatus& status, const EventCounters& events,
                        std::chrono::nanoseconds uptime) {
  JsonWriter out;
  out.begin_object().member("pipeline", status.pipeline);
  out.name("model").begin_object().member("name", status.model_name);
  out.member("version", status.model_version).end_object();
  out.member("uptime_s", std::chrono::duration<double>(uptime).count());
  write_totals(out, sum(status), events);
  write_quantiles(out, "latency_ms", status.end_to_end_ns, kMilliseconds);
  write_quantiles(out, "sync_ms", status.sync_ns, kMilliseconds);
  write_quantiles(out, "batch_rows", status.batch_rows, 1);
  out.name("stages_ms").begin_object();
  for (const auto& [stage, totals] : status.stage_ns) {
    write_quantiles(out, stage, totals, kMilliseconds);
  }
  out.end_object();
  out.name("log").begin_object().member("bytes", status.log.log_bytes);
  out.member("snapshot_bytes", status.log.snapshot_bytes);
  out.member("admits_events", status.log.admits_events);
  if (!status.log.why.empty()) out.member("why", status.log.why);
  out.end_object().name("lanes").begin_array();
  for (const LaneStatus& lane : status.lanes) write_lane(out, lane);
  out.end_array().name("sinks").begin_array();
  for (const SinkStatus& sink : status.sinks) write_sink(out, sink, sink_lag(sink, status));
  return out.end_array().end_object().finish();
}

std::string stats_json(const StatsSample& now, const StatsSample& before,
                       const EventCounters& events) {
  const double span = std::chrono::duration<double>(now.uptime - before.uptime).count();
  const auto rate = [span](std::uint64_t to, std::uint64_t from) {
    return span > 0 && to > from ? static_cast<double>(to - from) / span : 0.0;
  };
  const Sums to = sum(now.engine);
  const Sums from = sum(before.engine);
  JsonWriter out;
  out.begin_object().member("interval_s", span).name("rates").begin_object();
  out.member("accepted", rate(to.accepted, from.accepted));
  out.member("scored", rate(to.totals.scored, from.totals.scored));
  out.member("rejected", rate(to.rejected, from.rejected));
  out.member("alerts", rate(to.totals.alerts, from.totals.alerts));
  out.member("duplicates", rate(to.duplicates, from.duplicates));
  out.member("refused", rate(now.refused, before.refused)).end_object();
  write_quantiles(out, "latency_ms", now.engine.end_to_end_ns - before.engine.end_to_end_ns,
                  kMilliseconds);
  std::string status = status_json(now.engine, events, now.uptime);
  status.pop_back();  // Its end of line.
  return out.name("status").raw(status).end_object().finish();
}

std::string pipeline_json(const Plan& plan) {
  JsonWriter out;
  out.begin_object().member("name", plan.pipeline).member("plan", to_string(plan.hash));
  out.member("partitions", plan.partitions);
  out.name("model").begin_object().member("name", plan.model_name);
  out.member("version", plan.model_version).end_object();
  out.member("threshold", plan.threshold);
  const Schema& schema = plan.schema;
  out.member("key", written(schema.key));
  if (schema.time.kind != FieldSource::Kind::none) out.member("time", written(schema.time));
  out.name("fields").begin_array();
  for (const Field& field : schema.fields) write_field(out, field);
  out.end_array().name("features").begin_array();
  for (const std::string& feature : plan.feature_names) out.value(feature);
  return out.end_array().end_object().finish();
}

}  // namespace ouzel
