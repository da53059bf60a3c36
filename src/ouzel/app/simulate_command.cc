#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/app/commands.h"
#include "ouzel/decode/timestamp.h"
#include "ouzel/gateway/simulated_device.h"
#include "ouzel/spec/nearest.h"
#include "ouzel/spec/quantity.h"
#include "ouzel/tool/simulate.h"

namespace ouzel {
namespace {

constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();

TakeValue into_start(EventTime& out) {
  return [&out](const std::string& text) {
    const Timestamp read = parse_timestamp(text);
    if (read.state != Timestamp::State::good) return "is not a time such as 2026-03-01T00:00:00Z";
    out = read.time;
    return "";
  };
}

/// AT:FEATURE:SIGMA
TakeValue into_drift(std::vector<SimulatedDrift>& out) {
  return [&out](const std::string& text) -> std::string {
    const std::size_t first = text.find(':');
    const std::size_t last = text.rfind(':');
    if (first == std::string::npos || first == last) {
      return "is not AT:FEATURE:SIGMA such as 10m:temperature:3";
    }
    const auto at = parse_duration(text.substr(0, first));
    const auto sigma = parse_number(text.substr(last + 1));
    if (!at || !sigma) return "is not AT:FEATURE:SIGMA such as 10m:temperature:3";
    const std::string feature = text.substr(first + 1, last - first - 1);
    std::vector<std::string> known;
    for (const ChannelLimits& channel : kChannelLimits) known.emplace_back(channel.name);
    if (std::find(known.begin(), known.end(), feature) == known.end()) {
      return "names '" + feature + "', which no device measures; " + suggest(feature, known);
    }
    out.push_back({*at, feature, *sigma});
    return "";
  };
}

void describe_devices(Options& flags, SimulatorSpec& spec) {
  flags
      .option("--devices", into(spec.devices, 1, 10'000'000),
              {.value = "N", .help = "Devices", .initial = "100"})
      .option("--seed", into(spec.seed, 0, kAny),
              {.value = "S", .help = "The same seed gives the same bytes", .initial = "1"})
      .option("--start", into_start(spec.start),
              {.value = "TIME",
               .help = "Event time of the first event",
               .initial = "2026-03-01T00:00:00Z"})
      .option("--interval", into(spec.interval),
              {.value = "D", .help = "Event time between two events of a device", .initial = "1s"})
      .option("--anomaly-rate", into(spec.anomaly_rate, 0, 1),
              {.value = "P",
               .help = "Share of events in an anomaly; a device's first " +
                       std::to_string(kSettleEvents) + " have none",
               .initial = "0.002"})
      .option("--drift", into_drift(spec.drift),
              {.value = "AT:FEATURE:SIGMA",
               .help = "From AT on, FEATURE lies SIGMA standard deviations higher; repeatable",
               .repeatable = true})
      .option("--late", into(spec.late_share, 0, 1),
              {.value = "P", .help = "Share of events that come late", .initial = "0"})
      .option("--duplicates", into(spec.duplicate_share, 0, 1),
              {.value = "P", .help = "Share of events sent twice", .initial = "0"})
      .option("--malformed", into(spec.malformed_share, 0, 1),
              {.value = "P", .help = "Share of events broken on purpose", .initial = "0"});
}

}  // namespace

void add_simulate(CommandLine& line) {
  auto options = std::make_shared<SimulateOptions>();
  line.add(
      "simulate", "Plays simulated devices with labelled anomalies",
      [&](Options& flags) {
        flags
            .option("--rate", into(options->rate, 0, 1e9),
                    {.value = "EV_PER_S",
                     .help = "Events a second; 0: as fast as it can",
                     .initial = "1000"})
            .option("--count", into(options->count, 0, kAny),
                    {.value = "N", .help = "Ends after so many events; 0: never", .initial = "0"})
            .option("--duration", into(options->duration),
                    {.value = "D", .help = "Ends after so long; 0: never", .initial = "0"})
            .option("--out", into(options->out),
                    {.value = "URL|FILE|-",
                     .help = "Where they go: http://…, kafka:HOST:PORT/TOPIC, a file or stdout",
                     .initial = "-"})
            .option("--kafka", into(options->kafka),
                    {.value = "NAME=VALUE",
                     .help = "Of kafka:…: a setting of librdkafka; repeatable. Twin: "
                             "OUZEL_KAFKA_<NAME>, with _ for each dot",
                     .repeatable = true})
            .option("--truth", into(options->truth),
                    {.value = "FILE", .help = "Writes what is true about the events"});
        describe_devices(flags, options->simulator);
        flags
            .option("--batch", into(options->request_events_max, 1, 100'000),
                    {.value = "N", .help = "Most events in one request", .initial = "500"})
            .option("--connections", into(options->connections, 1, 1024),
                    {.value = "N", .help = "HTTP connections side by side", .initial = "2"})
            .example(
                "ouzel simulate --devices 200 --rate 1000 --out "
                "http://127.0.0.1:8080/events")
            .example("ouzel simulate --rate 5000 --out kafka:127.0.0.1:9092/telemetry")
            .example("ouzel simulate --count 100000 --rate 0 --truth truth.ndjson > events.ndjson");
      },
      [options] { return simulate(*options); });
}

}  // namespace ouzel
