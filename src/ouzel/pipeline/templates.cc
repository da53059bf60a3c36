#include "ouzel/pipeline/templates.h"

namespace ouzel {
namespace {

constexpr std::string_view kIotAnomaly =
    R"(# Sensors: each device's own normal is learned, what departs from it is an alert.
# Scores what `ouzel simulate` sends:
#   ouzel run pipeline.yaml
#   ouzel simulate --devices 200 --rate 1000 --out http://127.0.0.1:8080/events
#   ouzel tap outcomes --where route=alert --follow
name: iot-anomaly

source: {http: {}}                # events come by POST /events

schema:
  key: device_id                  # what tells devices apart: a field, or ce.subject
  # time: ts                      # event time in the payload; left out: the CloudEvent's own
  fields:
    temperature: {type: number, unit: celsius, min: -40, max: 150}
    humidity:    {type: number, unit: percent, min: 0, max: 100}
    pressure:    {type: number, unit: bar, min: 0, max: 20}
    vibration:   {type: number, unit: mm/s, min: 0, max: 100}
    # mode:      {type: string, enum: [idle, run, clean], required: false}

time:
  max_future: 5m                  # a clock further ahead is rejected: clock_ahead
  max_late: 1h                    # further behind its device's newest event: too_late

features:                         # for each device
  - {of: [temperature, humidity, pressure, vibration], take: [mean, std, zscore], last: 64}
  - {of: vibration, take: [max, delta], over: 5m}

model: detector                   # built in; needs no training data

decide:
  threshold: 0.9                  # from here on an anomaly: route alert
  review: 0.6                     # from here on a person should look: route review
  hold_off: 5m                    # then no other alert of the device for so long

# limits: {keys: 1000000, retention: 7d}
# serve: {listen: "127.0.0.1:8080"}
)";

constexpr std::string_view kFraud =
    R"(# Card transactions: what is unusual for this card, judged as it happens.
# An event: {"card": "c-81", "ts": "2026-03-01T08:00:00Z", "amount": 41.9, "distance_km": 3.2,
#            "channel": "chip", "country": "AT"}
name: fraud

source: {http: {}}                # events come by POST /events

schema:
  key: card
  time: ts
  fields:
    amount:      {type: number, unit: EUR, min: 0, max: 1000000}
    distance_km: {type: number, unit: km, min: 0, max: 20100}   # from the purchase before
    channel:     {type: string, enum: [chip, contactless, online, atm]}
    country:     {type: string, pattern: "^[A-Z]{2}$", required: false}

time:
  max_future: 2m
  max_late: 24h                   # terminals deliver late

features:                         # for each card
  - {of: amount, take: [mean, std, zscore], last: 50}
  - {of: amount, take: [count, sum, max], over: 1h}
  - {of: amount, take: [count, sum], over: 24h}
  - {of: distance_km, take: [max, mean], last: 20}

model: {detector: {of: [amount, distance_km], warm_up: 20}}

decide:
  threshold: 0.95                 # an alert blocks a card: be sure
  review: 0.8                     # a person looks
  hold_off: 15m

limits: {keys: 2000000, retention: 30d}
)";

constexpr std::string_view kOps = R"(# Servers: metrics of each host, pushed every few seconds.
# An event: {"host": "web-3", "ts": 1772323200, "cpu": 0.31, "memory": 0.62, "latency_ms": 12.5,
#            "errors": 0}
name: ops

source: {http: {}}                # events come by POST /events

schema:
  key: host
  time: ts                        # RFC 3339, or epoch s, ms, us, ns
  fields:
    cpu:        {type: number, unit: ratio, min: 0, max: 1}
    memory:     {type: number, unit: ratio, min: 0, max: 1}
    latency_ms: {type: number, unit: ms, min: 0, required: false}
    errors:     {type: integer, min: 0, required: false}

time: {max_future: 1m, max_late: 10m}

features:                         # for each host
  - {of: [cpu, memory, latency_ms], take: [mean, max, zscore], over: 5m}
  - {of: errors, take: [sum, delta], over: 5m}
  - {of: latency_ms, take: [ewma], last: 30}

model: detector

decide: {threshold: 0.9, review: 0.7, hold_off: 10m}

limits: {keys: 100000, retention: 7d}
)";

constexpr std::string_view kCsv =
    R"(# Rows of a CSV file: the header names the fields; every machine's own normal is learned.
#   ouzel score pipeline.yaml --in pumps.csv          outcomes on stdout, nothing kept
# The first lines of such a file:
#   pump,time,flow,pressure,vibration
#   pump-1,2026-03-01T00:00:00Z,41.3,5.08,1.14
name: csv

schema:
  key: pump                       # what tells machines apart: a column
  time: time                      # RFC 3339, or epoch s, ms, us, ns
  fields:                         # the other columns; those not named here are ignored
    flow:      {type: number, unit: l/min, min: 0}
    pressure:  {type: number, unit: bar, min: 0, max: 20}
    vibration: {type: number, unit: mm/s, min: 0}

features:                         # for each machine
  - {of: [flow, pressure, vibration], take: [mean, std, zscore], last: 64}

model: detector                   # built in; needs no training data

decide:
  threshold: 0.9                  # from here on an anomaly: route alert
  review: 0.6                     # from here on a person should look: route review
  hold_off: 5m                    # then no other alert of the machine for so long
)";

constexpr std::string_view kMinimal =
    R"(# The least: one key, one number. Everything else has a default (see `ouzel echo`).
# An event: {"id": "a", "value": 1.5}
name: minimal
schema:
  key: id
  fields: {value: number}
)";

}  // namespace

const std::vector<Template>& templates() {
  static const std::vector<Template> list = {
      {"iot-anomaly", "sensors; scores what `ouzel simulate` sends", kIotAnomaly},
      {"csv", "rows of a CSV file; the tutorial's pumps", kCsv},
      {"fraud", "card transactions", kFraud},
      {"ops", "metrics of servers", kOps},
      {"minimal", "one key, one number", kMinimal},
  };
  return list;
}

}  // namespace ouzel
