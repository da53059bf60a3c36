/// Measures the built-in detector on made-up data: simulated sensors by kind of anomaly, false
/// alarms on clean series, and time. Labelled data of others: detector_quality.py.
///
///   detector_quality [sim|clean|time]…
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "ouzel/base/random.h"
#include "ouzel/model/detector.h"

namespace {

using namespace ouzel;

Schema schema_of(std::size_t channels) {
  Schema schema;
  for (std::size_t i = 0; i < channels; ++i) {
    Field field;
    field.name = "c" + std::to_string(i);
    schema.fields.push_back(field);
  }
  return schema;
}

/// A detector with its state outside, one lane, any number of keys.
class Runner {
 public:
  explicit Runner(std::size_t channels) {
    const Schema schema = schema_of(channels);
    names = detector_reason_names(schema, {});
    stage_ = std::move(DetectorStage::make(schema, {})).value();
    lane_.resize(stage_->state_need().lane_bytes / 8);
  }
  float score(std::size_t key, const std::vector<double>& values) {
    if (key >= keys_.size()) keys_.resize(key + 1);
    if (keys_[key].empty()) keys_[key].resize(stage_->state_need().key_bytes / 8);
    batch_.fate.assign(1, Fate::live);
    batch_.flags.assign(1, 0);
    batch_.values.reset(1, values.size());
    std::copy(values.begin(), values.end(), batch_.values.row(0));
    std::byte* row = reinterpret_cast<std::byte*>(keys_[key].data());
    stage_->run(batch_, StateView(&row, 0, reinterpret_cast<std::byte*>(lane_.data())));
    return batch_.score[0];
  }
  const Reasons& reasons() const { return batch_.reasons[0]; }
  std::vector<std::string> names;

 private:
  std::unique_ptr<DetectorStage> stage_;
  std::vector<std::vector<std::uint64_t>> keys_;
  std::vector<std::uint64_t> lane_;
  Batch batch_;
};

/// Clean series of a kind: the share of rows that score 0.9 or more, after a warm-up.
void clean() {
  const char* kinds[] = {"iid", "ar1 .9", "season", "heavy t3", "wander"};
  for (int kind = 0; kind < 5; ++kind) {
    Runner runner(2);
    Random random(7);
    constexpr std::size_t kKeys = 25;
    double state[kKeys][2] = {};
    double alarms = 0;
    double rows = 0;
    for (std::size_t t = 0; t < 40000; ++t) {
      for (std::size_t key = 0; key < kKeys; ++key) {
        std::vector<double> values(2);
        for (int c = 0; c < 2; ++c) {
          double noise = random.normal();
          if (kind == 3) {
            const double chi = std::pow(random.normal(), 2) + std::pow(random.normal(), 2) +
                               std::pow(random.normal(), 2);
            noise /= std::sqrt(chi / 3);
          }
          double& s = state[key][c];
          s = kind == 1 ? 0.9 * s + noise : kind == 4 ? s + 0.05 * random.normal() : noise;
          values[c] = 20 + static_cast<double>(key) + s;
          if (kind == 4) values[c] += 0.3 * noise;
          if (kind == 2) values[c] += 5 * std::sin(static_cast<double>(t) / 1440 * 6.2831853);
        }
        const float score = runner.score(key, values);
        if (t < 4000) continue;
        ++rows;
        alarms += score >= 0.9F;
      }
    }
    std::printf("clean %-9s false alarms per event at 0.9: %.2e\n", kinds[kind], alarms / rows);
  }
}

constexpr const char* kAnomalies[] = {"spike", "level shift", "drift",
                                      "stuck", "noise burst", "correlation"};
constexpr int kAnomalyRows[] = {1, 60, 150, 60, 30, 60};
constexpr int kAnomalyKinds = 6;

/// A simulated sensor of temperature and humidity: own level, season of 2,880 rows, slow wander,
/// noise correlated by -0.9; now and then an anomaly, in units of its noise.
struct Device {
  double base[2] = {}, wander[2] = {};
  double phase = 0, noise = 1, held = 0, sign = 1;
  int kind = -1;   ///< Of the anomaly it is in.
  int age = 1000;  ///< Rows since that began, or since the last one ended.
  bool found = false;

  explicit Device(Random& random) {
    base[0] = 15 + 15 * random.uniform();
    base[1] = 40 + 20 * random.uniform();
    phase = 6.28 * random.uniform();
    noise = 0.4 * (0.7 + 0.6 * random.uniform());
  }
  std::vector<double> next(Random& random, int t, double share);
};

std::vector<double> Device::next(Random& random, int t, double share) {
  for (double& w : wander) w += 0.01 * random.normal() - 0.0005 * w;
  const double season = 3 * std::sin(t * 6.2831853 / 2880 + phase);
  const double shared = random.normal();
  const double calm = base[0] + season + wander[0];
  double warm = calm + noise * (0.9 * shared + 0.44 * random.normal());
  const double wet =
      base[1] - 2 * season + wander[1] + 2.5 * noise * (-0.9 * shared + 0.44 * random.normal());
  if (kind < 0 && random.chance(share)) {
    kind = static_cast<int>(random.below(kAnomalyKinds));
    age = 0;
    found = false;
    held = warm;
    sign = random.chance(0.5) ? 1 : -1;
  }
  if (kind == 0) warm += sign * 8 * noise;
  if (kind == 1) warm += sign * 6 * noise;
  if (kind == 2) warm += sign * 10 * noise * age / kAnomalyRows[2];
  if (kind == 3) warm = held;
  if (kind == 4) warm += 4 * noise * random.normal();
  if (kind == 5) warm = calm - 1.5 * noise * (0.9 * shared + 0.44 * random.normal());
  return {warm, wet};
}

/// What became of the anomalies of a kind.
struct Tally {
  double events = 0, found = 0, rows = 0, hits = 0;
};

/// 200 devices, 6,000 rows each, anomalies from row 1,000 on.
void sim() {
  Runner runner(2);
  Random random(11);
  std::vector<Device> devices;
  for (int i = 0; i < 200; ++i) devices.emplace_back(random);
  Tally tally[kAnomalyKinds];
  double normal = 0, false_alarms = 0, after = 0, alarms = 0;
  for (int t = 0; t < 6000; ++t) {
    for (std::size_t key = 0; key < devices.size(); ++key) {
      Device& device = devices[key];
      const auto values = device.next(random, t, t > 1000 ? 0.0002 : 0);
      const bool alarm = runner.score(key, values) >= 0.9F;
      if (t <= 1000) continue;
      alarms += alarm;
      ++device.age;
      if (device.kind < 0) {
        ++normal;
        (device.age <= 50 ? after : false_alarms) += alarm;
        continue;
      }
      Tally& one = tally[device.kind];
      one.events += device.age == 1;
      ++one.rows;
      one.hits += alarm;
      one.found += alarm && !device.found;
      device.found = device.found || alarm;
      if (device.age < kAnomalyRows[device.kind]) continue;
      device.kind = -1;
      device.age = 0;
    }
  }
  for (int k = 0; k < kAnomalyKinds; ++k) {
    std::printf("sim %-12s events %4.0f found %.3f  rows %.3f\n", kAnomalies[k], tally[k].events,
                tally[k].found / std::max(tally[k].events, 1.0),
                tally[k].hits / std::max(tally[k].rows, 1.0));
  }
  std::printf(
      "sim false alarms per normal event: %.2e, within 50 rows of an anomaly %.0f in all; "
      "precision %.3f\n",
      false_alarms / normal, after, 1 - (false_alarms + after) / std::max(alarms, 1.0));
}

/// CPU time an event: 1,000 keys in turn, batches of 256 rows, as a busy lane has them.
void time_it() {
  constexpr std::size_t kKeys = 1000;
  constexpr std::size_t kRows = 256;
  for (const std::size_t channels : {1, 2, 8, 38}) {
    const Schema schema = schema_of(channels);
    const auto stage = std::move(DetectorStage::make(schema, {})).value();
    std::vector<std::uint64_t> lane(stage->state_need().lane_bytes / 8);
    const std::size_t words = stage->state_need().key_bytes / 8;
    std::vector<std::uint64_t> keys(kKeys * words);
    Random random(3);
    Batch batch;
    batch.fate.assign(kRows, Fate::live);
    batch.flags.assign(kRows, 0);
    batch.values.reset(kRows, channels);
    const std::size_t batches = channels > 8 ? 800 : 4000;
    std::vector<std::byte*> rows(kRows);
    double seconds = 0;
    for (std::size_t i = 0; i < batches; ++i) {
      for (std::size_t row = 0; row < kRows; ++row) {
        rows[row] = reinterpret_cast<std::byte*>(&keys[(i * kRows + row) % kKeys * words]);
        for (std::size_t c = 0; c < channels; ++c) batch.values.row(row)[c] = random.normal();
      }
      const auto begin = std::clock();
      stage->run(batch, StateView(rows.data(), 0, reinterpret_cast<std::byte*>(lane.data())));
      seconds += static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    }
    std::printf("time %2zu channels: %.0f ns of CPU an event\n", channels,
                seconds / static_cast<double>(batches * kRows) * 1e9);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto want = [&](const char* what) {
    if (argc < 2) return true;
    for (int i = 1; i < argc; ++i)
      if (std::strcmp(argv[i], what) == 0) return true;
    return false;
  };
  if (want("clean")) clean();
  if (want("sim")) sim();
  if (want("time")) time_it();
}
