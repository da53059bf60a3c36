#include "ouzel/gateway/simulator.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

namespace ouzel {
namespace {

std::string text_of(const SimulatorSpec& spec, int lines, std::vector<SimulatedEvent>* events) {
  auto simulator = Simulator::make(spec);
  EXPECT_TRUE(simulator) << simulator.error().message;
  std::string out;
  for (int i = 0; i < lines; ++i) {
    const SimulatedEvent event = simulator->next(out);
    if (events != nullptr) events->push_back(event);
  }
  return out;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string member(const std::string& line, const std::string& name) {
  const std::string key = "\"" + name + "\":";
  const std::size_t at = line.find(key);
  if (at == std::string::npos) return "";
  std::size_t begin = at + key.size();
  const char stop = line[begin] == '"' ? '"' : ',';
  if (stop == '"') ++begin;
  return line.substr(begin, std::min(line.find(stop, begin), line.find('}', begin)) - begin);
}

TEST(Simulator, FirstLine) {
  SimulatorSpec spec;
  spec.devices = 1;
  const std::string text = text_of(spec, 1, nullptr);
  EXPECT_EQ(
      text.find(R"({"specversion":"1.0","id":"1-19ca6b1dc00-0","source":"/ouzel/sim/sim-00000",)"
                R"("type":"dev.ouzel.reading.v1","time":"2026-03-01T00:00:00.000Z",)"
                R"("datacontenttype":"application/json","data":{"device_id":"sim-00000",)"
                R"("temperature":)"),
      0U)
      << text;
}

TEST(Simulator, SeedGivesTheSameBytes) {
  SimulatorSpec spec;
  spec.anomaly_rate = 0.1;
  spec.late_share = spec.duplicate_share = spec.malformed_share = 0.05;
  EXPECT_EQ(text_of(spec, 20'000, nullptr), text_of(spec, 20'000, nullptr));
  SimulatorSpec other = spec;
  other.seed = 2;
  EXPECT_NE(text_of(spec, 1000, nullptr), text_of(other, 1000, nullptr));
}

TEST(Simulator, ReadingsDoNotDependOnFaults) {
  SimulatorSpec clean;
  clean.devices = 10;
  SimulatorSpec faulty = clean;
  faulty.late_share = faulty.duplicate_share = faulty.malformed_share = 0.02;
  std::set<std::string> known;
  for (const std::string& line : lines_of(text_of(clean, 5000, nullptr))) known.insert(line);
  std::vector<SimulatedEvent> events;
  const auto lines = lines_of(text_of(faulty, 4000, &events));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const SimulatedFault fault = events[i].fault;
    if (fault == SimulatedFault::none || fault == SimulatedFault::duplicate) {
      EXPECT_TRUE(known.contains(lines[i])) << lines[i];
    } else {
      EXPECT_FALSE(known.contains(lines[i])) << lines[i];
    }
  }
}

TEST(Simulator, BoundedOrderedWithFractionUniqueIds) {
  SimulatorSpec spec;
  spec.devices = 50;
  spec.anomaly_rate = 0.3;
  spec.drift = {{std::chrono::seconds(100), "humidity", 200}};
  std::set<std::string> ids;
  std::string last;
  for (const std::string& line : lines_of(text_of(spec, 50'000, nullptr))) {
    EXPECT_TRUE(ids.insert(member(line, "id")).second);
    const std::string time = member(line, "time");
    ASSERT_LE(last, time);
    last = time;
    EXPECT_EQ(member(line, "source"), "/ouzel/sim/" + member(line, "device_id"));
    for (const ChannelLimits& channel : kChannelLimits) {
      const std::string value = member(line, std::string(channel.name));
      ASSERT_NE(value.find('.'), std::string::npos) << line;
      ASSERT_GE(std::atof(value.c_str()), channel.min);
      ASSERT_LE(std::atof(value.c_str()), channel.max);
    }
  }
}

TEST(Simulator, OneIntervalBetweenEventsOfADevice) {
  SimulatorSpec spec;
  spec.devices = 7;
  spec.interval = std::chrono::microseconds(1500);
  std::vector<SimulatedEvent> events;
  text_of(spec, 700, &events);
  std::map<std::uint32_t, EventTime> last;
  for (const SimulatedEvent& event : events) {
    if (last.contains(event.device)) {
      EXPECT_EQ(event.time - last[event.device], spec.interval);
    }
    last[event.device] = event.time;
  }
}

TEST(Simulator, EveryKindInAboutTheShareAskedFor) {
  SimulatorSpec spec;
  spec.anomaly_rate = 0.05;
  std::vector<SimulatedEvent> events;
  text_of(spec, 500'000, &events);
  std::map<AnomalyKind, std::uint64_t> counts;
  std::map<std::uint64_t, std::uint32_t> lengths;
  std::uint64_t anomalous = 0;
  for (const SimulatedEvent& event : events) {
    if (event.anomaly == AnomalyKind::none) continue;
    ++anomalous;
    ++counts[event.anomaly];
    EXPECT_LE(++lengths[event.episode], anomaly_events(event.anomaly));
  }
  EXPECT_EQ(counts.size(), kAnomalyKinds - 1);
  EXPECT_NEAR(static_cast<double>(anomalous) / 500'000, 0.05, 0.01);
}

TEST(Simulator, FaultsInTheSharesAskedFor) {
  SimulatorSpec spec;
  spec.late_share = 0.03;
  spec.duplicate_share = 0.02;
  spec.malformed_share = 0.01;
  std::vector<SimulatedEvent> events;
  const auto lines = lines_of(text_of(spec, 200'000, &events));
  std::map<SimulatedFault, double> shares;
  std::map<std::uint32_t, EventTime> newest;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const SimulatedEvent& event = events[i];
    shares[event.fault] += 1.0 / 200'000;
    if (event.fault == SimulatedFault::late) {
      EXPECT_LT(event.time, newest[event.device]);
    }
    if (event.fault == SimulatedFault::none) newest[event.device] = event.time;
    EXPECT_EQ(seen.insert(lines[i]).second, event.fault != SimulatedFault::duplicate);
  }
  EXPECT_NEAR(shares[SimulatedFault::late], 0.03, 0.002);
  EXPECT_NEAR(shares[SimulatedFault::duplicate], 0.02, 0.002);
  EXPECT_NEAR(shares[SimulatedFault::malformed] + shares[SimulatedFault::no_key] +
                  shares[SimulatedFault::schema],
              0.01, 0.001);
}

TEST(Simulator, DriftShiftsTheMeanOfEveryDevice) {
  SimulatorSpec spec;
  spec.devices = 20;
  spec.anomaly_rate = 0;
  SimulatorSpec drifting = spec;
  drifting.drift = {{std::chrono::seconds(50), "pressure", 5}};
  const auto plain = lines_of(text_of(spec, 2000, nullptr));
  const auto drifted = lines_of(text_of(drifting, 2000, nullptr));
  for (std::size_t i = 0; i < 1000; ++i) ASSERT_EQ(plain[i], drifted[i]);
  for (std::size_t i = 1000; i < 2000; ++i) {
    ASSERT_EQ(member(plain[i], "temperature"), member(drifted[i], "temperature"));
    ASSERT_GT(std::atof(member(drifted[i], "pressure").c_str()),
              std::atof(member(plain[i], "pressure").c_str()) + 0.1);
  }
}

TEST(Simulator, AnotherStartGoesOnWithTheSameDevicesAndNewIds) {
  SimulatorSpec spec;
  spec.devices = 3;
  SimulatorSpec later = spec;
  later.start += std::chrono::hours(24);
  const auto first = lines_of(text_of(spec, 3, nullptr));
  const auto second = lines_of(text_of(later, 3, nullptr));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NE(member(first[i], "id"), member(second[i], "id"));
    EXPECT_NEAR(std::atof(member(first[i], "vibration").c_str()),
                std::atof(member(second[i], "vibration").c_str()), 5);
  }
}

TEST(Simulator, TruthNamesAnomaliesAndFaults) {
  SimulatorSpec spec;
  spec.drift = {{std::chrono::minutes(1), "temperature", 2.5}};
  auto simulator = Simulator::make(spec);
  ASSERT_TRUE(simulator);
  std::string truth;
  simulator->drift_truth(truth);
  EXPECT_EQ(truth, R"({"time":"2026-03-01T00:01:00.000Z","kind":"feature_drift",)"
                   R"("channel":"temperature","sigma":2.5})"
                   "\n");
  truth.clear();
  SimulatedEvent event{.number = 8, .device = 3, .time = spec.start};
  simulator->truth(truth, event);
  EXPECT_EQ(truth, "");
  event.anomaly = AnomalyKind::level_shift;
  event.episode = 7;
  event.fault = SimulatedFault::late;
  simulator->truth(truth, event);
  EXPECT_EQ(truth,
            R"({"source":"/ouzel/sim/sim-00003","id":"1-19ca6b1dc00-8","key":"sim-00003",)"
            R"("time":"2026-03-01T00:00:00.000Z","kind":"level_shift","channel":"temperature",)"
            R"("episode":"1-19ca6b1dc00-7"})"
            "\n"
            R"({"source":"/ouzel/sim/sim-00003","id":"1-19ca6b1dc00-8","key":"sim-00003",)"
            R"("time":"2026-03-01T00:00:00.000Z","kind":"late"})"
            "\n");
}

TEST(Simulator, RefusesASpecThatCannotBePlayed) {
  SimulatorSpec spec;
  spec.drift = {{std::chrono::seconds(1), "temprature", 1}};
  EXPECT_FALSE(Simulator::make(spec));
  spec.drift.clear();
  spec.devices = 0;
  EXPECT_FALSE(Simulator::make(spec));
  spec.devices = 1;
  spec.interval = std::chrono::nanoseconds(0);
  EXPECT_FALSE(Simulator::make(spec));
}

TEST(AppendTime, FractionOnlyAsLongAsNeeded) {
  std::string out;
  append_time(out, EventTime(std::chrono::nanoseconds(1'500'000)));
  EXPECT_EQ(out, "1970-01-01T00:00:00.001500000Z");
  out.clear();
  append_time(out, EventTime(-std::chrono::milliseconds(1)));
  EXPECT_EQ(out, "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace ouzel
