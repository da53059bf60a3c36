#include "ouzel/gateway/simulator.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>

namespace ouzel {
namespace {

constexpr std::size_t kLineMax = 512;
constexpr std::uint64_t kDuplicateWithin = 64;  ///< Lines between an event and its duplicate.
constexpr std::uint64_t kLateMax = 60;          ///< Intervals that a late event is behind.
constexpr std::string_view kSource = "/ouzel/sim/";
constexpr std::string_view kDevice = "sim-";
constexpr unsigned kDeviceDigits = 5;

char* put(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

/// `value` in decimal with at least `digits` digits.
char* put_number(char* to, std::uint64_t value, unsigned digits = 1) {
  char buffer[20];
  char* at = buffer + sizeof(buffer);
  do {
    *--at = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (buffer + sizeof(buffer) - at < static_cast<std::ptrdiff_t>(digits)) *--at = '0';
  return put(to, {at, static_cast<std::size_t>(buffer + sizeof(buffer) - at)});
}

char* put_decimal(char* to, double value, int decimals) {
  const std::int64_t scale = decimals == 2 ? 100 : 1000;
  std::int64_t scaled = std::llround(value * static_cast<double>(scale));
  if (scaled < 0) {
    *to++ = '-';
    scaled = -scaled;
  }
  to = put_number(to, static_cast<std::uint64_t>(scaled / scale));
  *to++ = '.';
  return put_number(to, static_cast<std::uint64_t>(scaled % scale),
                    static_cast<unsigned>(decimals));
}

/// Seconds since the epoch as "2026-03-01T08:00:00".
char* put_second(char* to, std::int64_t second) {
  using namespace std::chrono;
  const sys_seconds time{seconds(second)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  to = put_number(to, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  *to++ = '-';
  to = put_number(to, static_cast<unsigned>(date.month()), 2);
  *to++ = '-';
  to = put_number(to, static_cast<unsigned>(date.day()), 2);
  *to++ = 'T';
  to = put_number(to, static_cast<std::uint64_t>(clock.hours().count()), 2);
  *to++ = ':';
  to = put_number(to, static_cast<std::uint64_t>(clock.minutes().count()), 2);
  *to++ = ':';
  return put_number(to, static_cast<std::uint64_t>(clock.seconds().count()), 2);
}

struct SplitTime {
  std::int64_t second = 0;
  std::uint64_t nanosecond = 0;
};
SplitTime split(EventTime time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  return {second.count(), static_cast<std::uint64_t>((time.time_since_epoch() - second).count())};
}

char* put_fraction(char* to, std::uint64_t nanosecond, bool milliseconds) {
  *to++ = '.';
  to = milliseconds ? put_number(to, nanosecond / 1'000'000, 3) : put_number(to, nanosecond, 9);
  *to++ = 'Z';
  return to;
}

std::uint64_t mixed(std::uint64_t seed, std::uint64_t with) {
  std::uint64_t state = seed ^ Random::split_mix(with);
  return Random::split_mix(state);
}

}  // namespace

std::string_view to_string(SimulatedFault fault) {
  constexpr std::array<std::string_view, 6> kNames{"none",      "late",   "duplicate",
                                                   "malformed", "no_key", "schema"};
  return kNames[static_cast<std::size_t>(fault)];
}

std::string_view simulated_device_of(std::string_view line) {
  constexpr std::string_view kMember = "\"device_id\":\"";
  const std::size_t at = line.find(kMember);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + kMember.size());
  const std::size_t end = line.find('"');
  return end == std::string_view::npos ? std::string_view() : line.substr(0, end);
}

void append_time(std::string& out, EventTime time) {
  char buffer[48];
  const SplitTime at = split(time);
  char* end = put_second(buffer, at.second);
  end = put_fraction(end, at.nanosecond, at.nanosecond % 1'000'000 == 0);
  out.append(buffer, static_cast<std::size_t>(end - buffer));
}

Result<Simulator> Simulator::make(const SimulatorSpec& spec) {
  if (spec.devices == 0) return fail(ErrorCode::config, "devices: at least 1 needed, got 0");
  if (spec.interval.count() <= 0) {
    return fail(ErrorCode::config, "interval: more than 0 needed, got " +
                                       std::to_string(spec.interval.count()) + " ns");
  }
  Simulator out(spec);
  for (const SimulatedDrift& drift : spec.drift) {
    const auto* channel =
        std::find_if(kChannelLimits.begin(), kChannelLimits.end(),
                     [&](const ChannelLimits& one) { return one.name == drift.feature; });
    if (channel == kChannelLimits.end()) {
      return fail(ErrorCode::config,
                  "drift: temperature, humidity, pressure or vibration expected, got `" +
                      drift.feature + "`");
    }
    out.shifts_.push_back({spec.start + drift.at,
                           static_cast<std::size_t>(channel - kChannelLimits.begin()),
                           drift.sigma});
  }
  std::stable_sort(out.shifts_.begin(), out.shifts_.end(),
                   [](const Shift& a, const Shift& b) { return a.at > b.at; });
  return out;
}

Simulator::Simulator(const SimulatorSpec& spec)
    : spec_(spec),
      episodes_(spec.devices),
      newest_(spec.devices),
      noise_(mixed(spec.seed, static_cast<std::uint64_t>(spec.start.time_since_epoch().count()))),
      faults_(mixed(spec.seed, 2)) {
  Random character(mixed(spec.seed, 1));
  devices_.reserve(spec.devices);
  for (std::uint32_t i = 0; i < spec.devices; ++i) devices_.emplace_back(character);
  // A share r of events in anomalies of mean length m needs r / ((1 - r) m) starts an event.
  const double rate = std::clamp(spec.anomaly_rate, 0.0, 1.0);
  start_chance_ = rate >= 1 ? 1 : rate / ((1 - rate) * anomaly_events_mean());
  whole_milliseconds_ = spec.interval.count() % 1'000'000 == 0;
  char hex[20];
  const auto start =
      std::chrono::floor<std::chrono::milliseconds>(spec.start.time_since_epoch()).count();
  const auto end = std::to_chars(hex, hex + sizeof(hex), static_cast<std::uint64_t>(start), 16);
  id_prefix_ = std::to_string(spec.seed) + "-" + std::string(hex, end.ptr) + "-";
}

char* Simulator::put_id(char* to, std::uint64_t number) const {
  return put_number(put(to, id_prefix_), number);
}

char* Simulator::put_device(char* to, std::uint32_t device) const {
  return put_number(put(to, kDevice), device, kDeviceDigits);
}

char* Simulator::put_time(char* to, EventTime time) {
  const SplitTime at = split(time);
  if (at.second != second_) {
    put_second(second_text_, at.second);
    second_ = at.second;
  }
  to = put(to, {second_text_, 19});
  return put_fraction(to, at.nanosecond, whole_milliseconds_);
}

/// The next event of the device whose turn it is.
SimulatedEvent Simulator::measure(std::array<double, kChannels>& values) {
  using std::chrono::nanoseconds;
  constexpr std::int64_t kDay = 86'400'000'000'000;
  const std::int64_t unit = whole_milliseconds_ ? 1'000'000 : 1;
  const auto step = static_cast<std::int64_t>(static_cast<double>(spec_.interval.count()) *
                                              device_ / spec_.devices);
  SimulatedEvent event;
  event.number = numbers_++;
  event.device = device_;
  event.time = spec_.start + nanoseconds(static_cast<std::int64_t>(tick_) * spec_.interval.count() +
                                         step / unit * unit);
  while (!shifts_.empty() && shifts_.back().at <= event.time) {
    shift_[shifts_.back().channel] += shifts_.back().sigma;
    shifts_.pop_back();
  }
  const std::int64_t since_epoch = event.time.time_since_epoch().count();
  const DeviceTime now{
      .day = static_cast<double>(since_epoch % kDay) / kDay,
      .events = static_cast<double>(since_epoch) / static_cast<double>(spec_.interval.count())};
  SimulatedDevice& device = devices_[device_];
  values = device.next(now, shift_, start_chance_, noise_);
  const Anomaly& anomaly = device.anomaly();
  if (anomaly.kind != AnomalyKind::none) {
    if (anomaly.at == 0) episodes_[device_] = event.number;
    event.anomaly = anomaly.kind;
    event.channel = anomaly.channel;
    event.episode = episodes_[device_];
  }
  return event;
}

/// Draws from its own Random, so that the readings are the same with and without faults.
void Simulator::apply_faults(SimulatedEvent& event) {
  if (spec_.malformed_share > 0 && faults_.chance(spec_.malformed_share)) {
    constexpr std::array kBroken{SimulatedFault::malformed, SimulatedFault::no_key,
                                 SimulatedFault::schema};
    event.fault = kBroken[faults_.below(kBroken.size())];
    event.anomaly = AnomalyKind::none;  // nobody will see it
    return;
  }
  EventTime& newest = newest_[event.device];
  if (spec_.late_share > 0 && faults_.chance(spec_.late_share) && newest != EventTime{}) {
    const auto behind = static_cast<std::int64_t>(1 + faults_.below(kLateMax));
    event.time = newest - behind * spec_.interval + spec_.interval / 2;
    event.fault = SimulatedFault::late;
  } else {
    newest = event.time;
  }
}

void Simulator::render(std::string& out, const SimulatedEvent& event,
                       const std::array<double, kChannels>& values) {
  char line[kLineMax];
  char* at = put(line, R"({"specversion":"1.0","id":")");
  at = put_id(at, event.number);
  at = put(put(at, R"(","source":")"), kSource);
  at = put_device(at, event.device);
  at = put(at, R"(","type":"dev.ouzel.reading.v1","time":")");
  at = put_time(at, event.time);
  at = put(at, R"(","datacontenttype":"application/json","data":{"device_id":")");
  at = put_device(at, event.device);
  *at++ = '"';
  for (std::size_t i = 0; i < kChannels; ++i) {
    at = put(at, ",\"");
    at = put(at, kChannelLimits[i].name);
    at = put(at, "\":");
    at = put_decimal(at, values[i], kChannelLimits[i].decimals);
  }
  at = put(at, "}}\n");
  out.append(line, static_cast<std::size_t>(at - line));
}

/// `line` broken in one of the ways of the event's fault.
void Simulator::render_broken(std::string& out, const SimulatedEvent& event,
                              std::string_view line) {
  std::string broken(line.substr(0, line.size() - 1));
  const auto replace = [&](std::string_view from, std::string_view to) {
    const auto begin = broken.find(from);
    if (begin != std::string::npos) broken.replace(begin, from.size(), to);
  };
  const auto way = faults_.below(4);
  switch (event.fault) {
    case SimulatedFault::no_key: replace("\"device_id\"", "\"device\""); break;
    case SimulatedFault::malformed:
      if (way == 0) broken.resize(broken.size() / 2 + faults_.below(broken.size() / 2));
      if (way == 1) replace("\"temperature\":", "\"temperature\":NaN,\"was\":");
      if (way == 2) replace("\"device_id\":\"", "\"device_id\":\"\xff\xfe");
      if (way == 3) replace("\"humidity\":", "\"humidity\" ");
      break;
    case SimulatedFault::schema:
      if (way == 0) replace("\"temperature\":", "\"temperature\":9");
      if (way == 0) replace("\"temperature\":9-", "\"temperature\":-9");
      if (way == 1) replace("\"temperature\":", "\"temperature\":\"warm\",\"was\":");
      if (way == 2) replace("\"humidity\":", "\"damp\":");
      if (way == 3) replace("\"humidity\":", "\"humidity\":1.0,\"humidity\":");
      break;
    default: break;
  }
  out.append(broken);
  out.push_back('\n');
}

std::uint32_t Simulator::turn() const {
  const bool again = !pending_.empty() && pending_.front().due <= lines_;
  return again ? pending_.front().event.device : device_;
}

SimulatedEvent Simulator::next(std::string& out) {
  const std::uint64_t line = lines_++;
  if (!pending_.empty() && pending_.front().due <= line) {
    const Pending again = std::move(pending_.front());
    pending_.pop_front();
    out.append(again.line);
    return again.event;
  }
  std::array<double, kChannels> values{};
  SimulatedEvent event = measure(values);
  apply_faults(event);
  const std::size_t begin = out.size();
  if (event.fault == SimulatedFault::none || event.fault == SimulatedFault::late) {
    render(out, event, values);
  } else {
    scratch_.clear();
    render(scratch_, event, values);
    render_broken(out, event, scratch_);
  }
  if (event.fault == SimulatedFault::none && spec_.duplicate_share > 0 &&
      faults_.chance(spec_.duplicate_share)) {
    Pending again{line + 1 + faults_.below(kDuplicateWithin), event, out.substr(begin)};
    again.event.fault = SimulatedFault::duplicate;
    again.event.anomaly = AnomalyKind::none;
    pending_.push_back(std::move(again));
  }
  if (++device_ == spec_.devices) {
    device_ = 0;
    ++tick_;
  }
  return event;
}

void Simulator::truth_line(std::string& out, const SimulatedEvent& event, std::string_view kind) {
  char line[kLineMax];
  char* at = put(put(line, R"({"source":")"), kSource);
  at = put_device(at, event.device);
  at = put(at, R"(","id":")");
  at = put_id(at, event.number);
  at = put(at, R"(","key":")");
  at = put_device(at, event.device);
  at = put(at, R"(","time":")");
  at = put_time(at, event.time);
  at = put(at, R"(","kind":")");
  at = put(at, kind);
  *at++ = '"';
  out.append(line, static_cast<std::size_t>(at - line));
}

void Simulator::truth(std::string& out, const SimulatedEvent& event) {
  if (event.anomaly != AnomalyKind::none) {
    truth_line(out, event, to_string(event.anomaly));
    out.append(R"(,"channel":")").append(kChannelLimits[event.channel].name);
    out.append(R"(","episode":")").append(id_prefix_).append(std::to_string(event.episode));
    out.append("\"}\n");
  }
  if (event.fault != SimulatedFault::none) {
    truth_line(out, event, to_string(event.fault));
    out.append("}\n");
  }
}

void Simulator::drift_truth(std::string& out) {
  for (const SimulatedDrift& drift : spec_.drift) {
    char sigma[40];
    const auto end = std::to_chars(sigma, sigma + sizeof(sigma), drift.sigma);
    out.append(R"({"time":")");
    append_time(out, spec_.start + drift.at);
    out.append(R"(","kind":"feature_drift","channel":")").append(drift.feature);
    out.append(R"(","sigma":)").append(sigma, end.ptr).append("}\n");
  }
}

}  // namespace ouzel
