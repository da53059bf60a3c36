/// Measures the built-in detector: area under precision-recall on labelled server metrics, a
/// NAB-style score, simulated sensors by kind of anomaly, false alarms on clean data, and time.
///
///   detector_quality DATA_DIR [asd|smd|nab|sim|clean|time]…     (DATA_DIR holds asd/ smd/ nab/)
///
/// Protocol: one pass, in order, no look-ahead, no point adjustment; where there is a training part
/// the detector first runs over it, unlabelled, and only the test part counts. One key a file.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "ouzel/base/random.h"
#include "ouzel/model/detector.h"

namespace {

using namespace ouzel;

struct Table {
  std::vector<std::vector<double>> rows;
  std::vector<std::string> times;
  std::vector<char> labels;
};

/// First column: time; a column `label` apart; the rest: values.
Table read_table(const std::string& path) {
  Table table;
  FILE* in = popen(("zcat '" + path + "'").c_str(), "r");
  std::vector<char> line(1 << 16);
  int label = -1;
  bool head = true;
  while (in != nullptr && fgets(line.data(), static_cast<int>(line.size()), in) != nullptr) {
    std::vector<double> row;
    int column = 0;
    char* rest = nullptr;
    for (char* cell = strtok_r(line.data(), ",\r\n", &rest); cell != nullptr;
         cell = strtok_r(nullptr, ",\r\n", &rest), ++column) {
      if (head && std::strcmp(cell, "label") == 0) label = column;
      if (head) continue;
      if (column == 0)
        table.times.emplace_back(cell);
      else if (column == label)
        table.labels.push_back(std::atoi(cell) != 0);
      else
        row.push_back(std::atof(cell));
    }
    if (!head) table.rows.push_back(std::move(row));
    head = false;
  }
  if (in != nullptr) pclose(in);
  return table;
}

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

struct Scored {
  float score;
  bool anomaly;
};

/// Average precision: Σ precision at each hit / hits; ties share.
double average_precision(std::vector<Scored> rows) {
  std::sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.score > b.score; });
  double hits = 0;
  double seen = 0;
  double sum = 0;
  double all = 0;
  for (const auto& row : rows) all += row.anomaly;
  for (std::size_t i = 0; i < rows.size();) {
    double here = 0;
    std::size_t j = i;
    for (; j < rows.size() && rows[j].score == rows[i].score; ++j) here += rows[j].anomaly;
    hits += here;
    seen = static_cast<double>(j);
    sum += here * hits / seen;
    i = j;
  }
  return all > 0 ? sum / all : 0;
}

std::vector<std::string> files_of(const std::string& dir, const std::string& ending) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    const std::string path = entry.path().string();
    if (path.ends_with(ending)) out.push_back(path);
  }
  std::sort(out.begin(), out.end());
  return out;
}

void server_metrics(const std::string& dir, const char* name) {
  double sum = 0;
  std::vector<Scored> pooled;
  const auto files = files_of(dir, "_test.csv.gz");
  for (const std::string& path : files) {
    const Table test = read_table(path);
    std::string before = path;
    before.replace(before.size() - std::strlen("_test.csv.gz"), std::string::npos, "_train.csv.gz");
    const Table train = read_table(before);
    Runner runner(test.rows[0].size());
    for (const auto& row : train.rows) runner.score(0, row);
    std::vector<Scored> scored;
    double normal = 0;
    double false_alarms = 0;
    for (std::size_t i = 0; i < test.rows.size(); ++i) {
      const float score = runner.score(0, test.rows[i]);
      scored.push_back({score, test.labels[i] != 0});
      if (test.labels[i] == 0) {
        ++normal;
        false_alarms += score >= 0.9F;
      }
    }
    const double ap = average_precision(scored);
    sum += ap;
    pooled.insert(pooled.end(), scored.begin(), scored.end());
    std::printf("  %-40s AUC-PR %.3f  false alarms %.5f\n",
                std::filesystem::path(path).filename().c_str(), ap, false_alarms / normal);
  }
  std::printf("%s: mean AUC-PR %.3f, pooled %.3f\n", name, sum / static_cast<double>(files.size()),
              average_precision(pooled));
}

/// windows.json is regular enough for a small reader: "file": [["start", "end"], …].
std::map<std::string, std::vector<std::pair<std::string, std::string>>> read_windows(
    const std::string& path) {
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> out;
  std::string text;
  FILE* in = std::fopen(path.c_str(), "r");
  if (in == nullptr) return out;
  for (int c = fgetc(in); c != EOF; c = fgetc(in)) text += static_cast<char>(c);
  std::fclose(in);
  std::string file;
  std::string start;
  for (std::size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at + 1)) {
    const std::size_t end = text.find('"', at + 1);
    const std::string word = text.substr(at + 1, end - at - 1);
    if (word.find(".csv") != std::string::npos)
      out[file = word];
    else if (start.empty())
      start = word;
    else {
      out[file].emplace_back(start, word);
      start.clear();
    }
    at = end;
  }
  return out;
}

struct NabFile {
  std::vector<float> scores;
  std::vector<std::pair<std::size_t, std::size_t>> windows;  ///< [begin, end]
};

double nab_weight(double y) { return 2 / (1 + std::exp(5 * y)) - 1; }

/// NAB's standard profile at one threshold: reward of the earliest hit in each window, 0.11 a false
/// positive scaled by its distance behind the window before, -1 a missed window.
double nab_score(const std::vector<NabFile>& files, float threshold, std::size_t hold_off) {
  double score = 0;
  double windows = 0;
  for (const NabFile& file : files) {
    const std::size_t skip = std::min<std::size_t>(file.scores.size() * 15 / 100, 750);
    std::size_t next = 0;
    std::size_t quiet_until = 0;  ///< As decide.hold_off does: one alert an episode.
    std::vector<bool> hit(file.windows.size());
    for (std::size_t i = 0; i < file.scores.size(); ++i) {
      while (next < file.windows.size() && file.windows[next].second < i) ++next;
      if (i < skip || file.scores[i] < threshold || i < quiet_until) continue;
      quiet_until = i + hold_off;
      if (next < file.windows.size() && i >= file.windows[next].first) {
        if (hit[next]) continue;
        hit[next] = true;
        const auto width =
            static_cast<double>(file.windows[next].second - file.windows[next].first + 1);
        const double y = -(static_cast<double>(file.windows[next].second - i) + 1) / width;
        score += nab_weight(y) / nab_weight(-1);
      } else if (next == 0) {
        score -= 0.11;
      } else {
        const auto& before = file.windows[next - 1];
        const double width = static_cast<double>(before.second - before.first);
        const double y = static_cast<double>(i - before.second) / std::max(width, 1.0);
        score += y > 3 ? -0.11 : 0.11 * nab_weight(y);
      }
    }
    windows += static_cast<double>(hit.size());
    for (const bool one : hit) score -= one ? 0 : 1;
  }
  return 100 * (score + windows) / (2 * windows);
}

using Windows = std::vector<std::pair<std::string, std::string>>;

NabFile nab_file(const Table& table, const Windows& windows) {
  NabFile file;
  Runner runner(1);
  for (const auto& row : table.rows) file.scores.push_back(runner.score(0, row));
  for (const auto& [start, end] : windows) {
    const auto first = std::find_if(table.times.begin(), table.times.end(),
                                    [&](auto& t) { return t >= start.substr(0, 19); });
    const auto last = std::find_if(table.times.begin(), table.times.end(),
                                   [&](auto& t) { return t > end.substr(0, 19); });
    file.windows.emplace_back(first - table.times.begin(), last - table.times.begin() - 1);
  }
  return file;
}

double nab_average_precision(const NabFile& file) {
  std::vector<Scored> scored;
  for (std::size_t i = 0; i < file.scores.size(); ++i) {
    bool in = false;
    for (const auto& [first, last] : file.windows) in = in || (i >= first && i <= last);
    scored.push_back({file.scores[i], in});
  }
  return average_precision(scored);
}

/// The best of one threshold for all files, chosen on the labels, as NAB's protocol has it.
void nab_best(const std::vector<NabFile>& files, std::vector<float> scores, std::size_t hold_off) {
  std::sort(scores.begin(), scores.end());
  double best = -1e9;
  float best_at = 0;
  for (std::size_t i = 0; i < 400; ++i) {
    const double share = 1 - std::pow(10.0, -1 - 4 * static_cast<double>(i) / 400.0);
    const auto at = static_cast<std::size_t>(static_cast<double>(scores.size()) * share);
    const float threshold = scores[std::min(at, scores.size() - 1)];
    const double score = nab_score(files, threshold, hold_off);
    if (score > best) {
      best = score;
      best_at = threshold;
    }
  }
  std::printf("nab: hold-off %3zu rows: %.1f at threshold %.4f (at 0.9: %.1f)\n", hold_off, best,
              static_cast<double>(best_at), nab_score(files, 0.9F, hold_off));
}

void nab(const std::string& dir) {
  const auto windows = read_windows(dir + "/windows.json");
  std::vector<NabFile> files;
  std::vector<float> scores;
  double sum = 0;
  int with = 0;
  for (const std::string& path : files_of(dir, ".csv.gz")) {
    std::string name = std::filesystem::path(path).filename().string();
    name.resize(name.size() - 3);
    name.replace(name.find("__"), 2, "/");
    const auto known = windows.find(name);
    files.push_back(nab_file(read_table(path), known == windows.end() ? Windows() : known->second));
    scores.insert(scores.end(), files.back().scores.begin(), files.back().scores.end());
    if (files.back().windows.empty()) continue;
    sum += nab_average_precision(files.back());
    ++with;
  }
  for (const std::size_t hold_off : {1, 50, 150}) nab_best(files, scores, hold_off);
  std::printf("nab: mean AUC-PR %.3f\n", sum / std::max(with, 1));
}

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
  const std::string dir = argc > 1 ? argv[1] : "../shared/data";
  const auto want = [&](const char* what) {
    if (argc < 3) return true;
    for (int i = 2; i < argc; ++i)
      if (std::strcmp(argv[i], what) == 0) return true;
    return false;
  };
  if (want("asd")) server_metrics(dir + "/asd", "asd");
  if (want("smd")) server_metrics(dir + "/smd", "smd");
  if (want("nab")) nab(dir + "/nab");
  if (want("clean")) clean();
  if (want("sim")) sim();
  if (want("time")) time_it();
}
