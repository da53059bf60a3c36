#include "ouzel/tool/doctor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>
#include <set>
#include <utility>

#include "ouzel/egress/cursor_file.h"
#include "ouzel/egress/letter_replay.h"
#include "ouzel/egress/sink_spec.h"
#include "ouzel/egress/sinks.h"
#include "ouzel/engine/data_directory.h"
#include "ouzel/engine/plan_archive.h"
#include "ouzel/engine/recovery.h"
#include "ouzel/http/client.h"
#include "ouzel/lane/snapshot_slots.h"
#include "ouzel/log/segment/reader.h"
#include "ouzel/model/onnx_model.h"
#include "ouzel/model/onnx_runtime.h"
#include "ouzel/pipeline/bound_sinks.h"
#include "ouzel/spec/finding.h"
#include "ouzel/spec/quantity.h"
#include "ouzel/tool/bench/machine.h"
#include "ouzel/tool/kafka/kafka_doctor.h"
#include "ouzel/tool/terminal/engine_view.h"

namespace ouzel {
namespace {

using State = Check::State;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::uint64_t kFreeFail = 256 << 20;
constexpr std::uint64_t kFreeWarn = 2ULL << 30;
constexpr double kSyncSlowMs = 10;
constexpr double kSyncTooFastMs = 0.005;  // Nothing that keeps its bytes answers that fast.
constexpr std::chrono::milliseconds kReceiverMax{2000};
constexpr int kSyncs = 50;
constexpr std::chrono::nanoseconds kSyncsMax = std::chrono::seconds(2);
constexpr std::uint64_t kFilesBeside = 64;  // Segments, snapshots, tables, sinks.
constexpr unsigned kOthersMayWrite = 0022;
constexpr std::chrono::seconds kNothingIsOlder{
    1'700'000'000};  // Of 2023: before any build of this.

std::string milliseconds(double ms) {
  char text[32];
  const int size = std::snprintf(text, sizeof(text), ms < 1 ? "%.3f ms" : "%.1f ms", ms);
  return {text, static_cast<std::size_t>(size)};
}

std::string parent_of(const std::string& path) {
  const std::size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return "/";
  const std::size_t slash = path.rfind('/', end);
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// `https://host:port` taken apart; nullopt: it is not of that form.
std::optional<ListenAddress> address_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  const bool tls = url.starts_with("https");
  url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find('/'));
  ListenAddress out{.address = std::string(url),
                    .port = static_cast<std::uint16_t>(tls ? 443 : 80)};
  const std::size_t colon = url.rfind(':');
  if (colon != std::string_view::npos && !url.ends_with(']')) {
    const auto port = parse_integer(url.substr(colon + 1));
    if (!port || *port > 65535) return std::nullopt;
    out = {.address = std::string(url.substr(0, colon)), .port = static_cast<std::uint16_t>(*port)};
  }
  if (out.address.starts_with('[') && out.address.ends_with(']')) {
    out.address = out.address.substr(1, out.address.size() - 2);
  }
  return out;
}

class Doctor {
 public:
  Doctor(FileSystem& fs, const Clock& clock, const DoctorOptions& options)
      : fs_(fs), clock_(clock), options_(options) {}

  std::vector<Check> examine() {
    pipeline();
    data_directory();
    shared_snapshots();
    clock_right();
    open_files();
    memory();
    port();
    onnx();
    model();
    receivers();
    if (from_kafka()) {
      for (Check& check : examine_kafka(loaded_->pipeline, clock_)) {
        checks_.push_back(std::move(check));
      }
    }
    return std::move(checks_);
  }

 private:
  void say(State state, std::string name, std::string found, std::string advice = {}) {
    checks_.push_back({state, std::move(name), std::move(found), std::move(advice)});
  }

  bool from_kafka() const { return loaded_ && !loaded_->pipeline.kafka_source.topic.empty(); }

  void pipeline() {
    if (options_.file.path.empty()) return;
    Findings findings;
    loaded_ = load_pipeline_file(fs_, options_.file, findings);
    if (loaded_) {
      say(State::ok, "pipeline", options_.file.path + " is good, and so is every file it names");
      return;
    }
    const Finding& first = findings.all().front();
    say(State::fail, "pipeline", to_string(first),
        "run `ouzel lint " + options_.file.path + "` for all of them");
  }

  void data_directory() {
    const std::string& path = options_.data_dir;
    const bool there = fs_.exists(path);
    if (there && !is_directory(path)) {
      return say(State::fail, "data_dir", path + " is a file", "name a directory");
    }
    place_ = there ? path : parent_of(path);
    if (!is_directory(place_)) {
      return say(State::fail, "data_dir", place_ + " does not exist", "mkdir -p " + place_);
    }
    const bool writes = can_write("data_dir", place_);
    if (writes && there) {
      owner(path);
    } else if (writes) {
      say(State::ok, "data_dir", path + " will be made");
    }
    permissions();
    disk();
    space("space", place_,
          "without room new events are refused: free some, or lower limits.retention or "
          "limits.log_bytes");
    if (writes) sync_speed();
    if (writes && there) kept(path);
  }

  /// A pipeline of another key or number of partitions, another owner: `run` would refuse both.
  void owner(const std::string& path) {
    const auto meta = read_meta(fs_, path);
    if (!meta && fs_.exists(path + "/ouzel.meta")) {
      return say(State::fail, "data_dir", meta.error().message, "name another directory");
    }
    const bool used = fs_.exists(path + "/LOCK") && !fs_.lock(path + "/LOCK");
    if (used) {
      return say(State::warn, "data_dir", "an engine runs on " + path,
                 "two cannot: stop it first, or name another directory");
    }
    // On Kafka it is the topic that says how many there are.
    if (meta && loaded_ && !from_kafka() &&
        meta->partitions != loaded_->pipeline.limits.partitions) {
      return say(State::fail, "data_dir",
                 path + " was made for " + std::to_string(meta->partitions) + " partitions, not " +
                     std::to_string(loaded_->pipeline.limits.partitions),
                 "set limits.partitions to that, or name another directory");
    }
    say(State::ok, "data_dir", path + (meta ? " holds an engine's data" : " is there"));
    const std::string shared = from_kafka() ? loaded_->pipeline.kafka_source.snapshots : "";
    if (meta) kept_plans(shared.empty() ? path : shared);
  }

  /// Old outcomes can be decided again only with the plans and files that were in force.
  void kept_plans(const std::string& path) {
    const std::string name = "kept plans";
    const PlanArchive archive(fs_, path);
    const auto plans = archive.plans();
    std::size_t files = 0;
    const auto read = [&]() -> Result<void> {
      if (!plans) return tl::unexpected(plans.error());
      std::set<Hash128> named;
      for (const Hash128& plan : *plans) {
        OUZEL_TRY(const std::string text, read_by_hash(fs_, archive.plan_path(plan), plan));
        for (const PlanFile& file : named_files(text)) named.insert(file.hash);
      }
      for (const Hash128& file : named) {
        OUZEL_TRY_VOID(read_by_hash(fs_, archive.file_path(file), file));
      }
      files = named.size();
      return {};
    };
    if (const auto done = read(); !done) {
      return say(State::warn, name, done.error().message,
                 "run its pipeline again: what that needs is written again");
    }
    say(State::ok, name,
        std::to_string(plans->size()) + " plans and " + std::to_string(files) +
            " files of theirs, all whole");
  }

  /// What lies there, whoever runs on it: its log, as far as a start reads it, and dead letters.
  void kept(const std::string& path) {
    const auto meta = read_meta(fs_, path);
    if (meta && !fs_.list(path + "/log").value_or(std::vector<std::string>()).empty()) {
      kept_log(path, *meta);
    }
    if (!fs_.exists(path + "/dlq")) return;
    std::size_t letters = 0;
    const auto unread = visit_letters(fs_, path, {}, [&](const KeptLetter&) {
      ++letters;
      return true;
    });
    if (!unread) return say(State::warn, "dead letters", unread.error().message, "check by hand");
    if (letters == 0) return say(State::ok, "dead letters", "none");
    say(State::warn, "dead letters", format_count(letters) + " outcomes were not delivered",
        "ouzel dlq ls --data-dir " + path);
  }

  void kept_log(const std::string& path, const DirectoryMeta& meta) {
    const auto damage = damage_of(path, meta);
    if (!damage)
      return say(State::fail, "log", damage.error().message, "look at the disk's health");
    if (damage->empty()) return say(State::ok, "log", "no damage in what a start reads");
    const std::string more =
        damage->size() == 1 ? "" : "; and " + std::to_string(damage->size() - 1) + " more";
    say(State::fail, "log", damage->front() + more,
        "the partitions it touches stop: bring the directory back from a copy");
  }

  Result<std::vector<std::string>> damage_of(const std::string& path, const DirectoryMeta& meta) {
    const bool alive = !fs_.lock(path + "/LOCK").has_value();
    const LogPosition witnessed =
        std::max(witnessed_in(fs_, path, meta.log_id, meta.partitions),
                 witnessed_by_cursors(fs_, cursor_directory(path), meta.log_id));
    OUZEL_TRY(const auto log, OfflineLog::open(fs_, path + "/log", meta.log_id, alive, witnessed));
    std::vector<std::string> out;
    for (const Damage& damage : log->damage()) out.push_back(damage.what);
    LogPosition from = log->end();
    for (std::uint16_t i = 0; i < meta.partitions; ++i) {
      std::vector<std::string> notes;
      SnapshotSlots slots(fs_, {path + "/snapshots", meta.log_id, PartitionId(i)});
      const auto snapshots = slots.find(&notes);
      from = snapshots.empty() ? LogPosition{} : std::min(from, snapshots.back().resume);
    }
    for (const auto reader = log->read_from(from);;) {
      const auto frame = reader->next();
      if (frame && !*frame) return out;
      if (frame) continue;
      if (frame.error().code != ErrorCode::corrupt) return tl::unexpected(frame.error());
      out.push_back(reader->damage().what);
    }
  }

  /// Where the next owner of a partition looks for its state.
  void shared_snapshots() {
    const std::string path = from_kafka() ? loaded_->pipeline.kafka_source.snapshots : "";
    if (path.empty()) return;
    const std::string name = "snapshots";
    const bool there = fs_.exists(path);
    const std::string place = there ? path : parent_of(path);
    if (!is_directory(place)) {
      return say(State::fail, name, place + (there ? " is a file" : " does not exist"),
                 "mount or make the directory that all workers share");
    }
    if (!can_write(name, place)) return;
    if (!there) return say(State::ok, name, path + " will be made");
    space(name, place, "without room the next owner of a partition reads more of the topic");
  }

  static std::string probe(const std::string& place) { return place + "/.ouzel-doctor"; }

  bool can_write(const std::string& name, const std::string& place) {
    const auto file = fs_.open(probe(place), OpenMode::create);
    const auto done = file ? (*file)->write(0, "x") : tl::unexpected(file.error());
    if (file) (void)fs_.remove(probe(place));
    if (done) return true;
    // Who may make a file may write in it: then it is the disk.
    say(State::fail, name, "cannot write in " + place + ": " + done.error().message,
        file ? "make room, or look at the disk's health" : "run as its owner, or chown it");
    return false;
  }

  void permissions() {
    const auto bits = permission_bits(place_);
    if (!bits || place_ != options_.data_dir) return;
    if ((*bits & kOthersMayWrite) == 0) {
      return say(State::ok, "permissions", "only its owner writes in " + place_);
    }
    say(State::warn, "permissions", "others may write in " + place_, "chmod go-w " + place_);
  }

  void disk() {
    const auto kind = disk_kind(place_);
    if (!kind) return say(State::warn, "disk", "its kind is not known", "check that it is local");
    if (kind->memory) {
      return say(State::warn, "disk", kind->name + ": in memory",
                 "what was acknowledged is lost with the power; use a disk");
    }
    if (kind->network) {
      return say(State::warn, "disk", kind->name + ": not a local disk",
                 "locks and syncs are what the server makes of them; use a local disk");
    }
    if (kind->layered) {
      return say(State::warn, "disk", kind->name + ": the layer of a container",
                 "it goes with the container; mount a volume at " + options_.data_dir);
    }
    say(State::ok, "disk", kind->name);
  }

  void space(const std::string& name, const std::string& place, const std::string& advice) {
    const auto free = fs_.free_bytes(place);
    if (!free) return say(State::warn, name, free.error().message, "check it by hand");
    const std::string found = format_about(*free) + " free";
    if (*free >= kFreeWarn) return say(State::ok, name, found);
    say(*free < kFreeFail ? State::fail : State::warn, name, found, advice);
  }

  void sync_speed() {
    const auto measured = measure_syncs();
    (void)fs_.remove(probe(place_));
    if (!measured) {
      return say(State::fail, "sync", measured.error().message,
                 "make room, or look at the disk's health");
    }
    const std::vector<double>& times = *measured;
    const double p50 = times[times.size() / 2];
    const double worst = times.back();
    const std::string found = "fdatasync of 4 KiB: p50 " + milliseconds(p50) + ", worst " +
                              milliseconds(worst) + " of " + std::to_string(times.size());
    if (p50 > kSyncSlowMs) {
      return say(State::warn, "sync", found,
                 "every answer and every outcome waits for one: use a faster disk");
    }
    if (p50 < kSyncTooFastMs) {
      return say(State::warn, "sync", found,
                 "too fast for a disk: does the machine lie about what is on it?");
    }
    say(State::ok, "sync", found);
  }

  /// In ms, sorted, at least one. Over pages that are there already, as the log's are.
  Result<std::vector<double>> measure_syncs() {
    OUZEL_TRY(const auto file, fs_.open(probe(place_), OpenMode::create));
    const std::string page(4096, 'o');
    OUZEL_TRY_VOID(file->write_zeros(0, kSyncs * page.size()));
    OUZEL_TRY_VOID(file->sync());
    std::vector<double> out;
    const SteadyTime start = clock_.steady();
    for (int i = 0; i < kSyncs && clock_.steady() - start < kSyncsMax; ++i) {
      const SteadyTime before = clock_.steady();
      OUZEL_TRY_VOID(file->write(static_cast<std::uint64_t>(i) * page.size(), page));
      OUZEL_TRY_VOID(file->sync());
      out.push_back(Milliseconds(clock_.steady() - before).count());
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  void clock_right() {
    if (clock_.wall().time_since_epoch() < kNothingIsOlder) {
      return say(State::fail, "clock", "it is years behind", "set it: events would be clock_ahead");
    }
    const auto kept = clock_is_kept();
    if (kept.value_or(false)) return say(State::ok, "clock", "kept right by the system");
    say(State::warn, "clock", kept ? "nothing keeps it right" : "the system does not say",
        "run an NTP client: time.max_future is measured by it");
  }

  void open_files() {
    const auto max = open_files_max();
    if (!max) return say(State::warn, "open files", "the limit is not known", "ulimit -n");
    const std::uint64_t connections = loaded_ ? loaded_->pipeline.limits.connections : 1024;
    const std::uint64_t need = connections + kFilesBeside;
    const std::string found = format_count(*max) + " allowed, " + format_count(need) + " needed";
    if (*max >= need) return say(State::ok, "open files", found);
    say(State::warn, "open files", found,
        "ulimit -n " + std::to_string(need) + ", or lower limits.connections");
  }

  void memory() {
    const auto free = memory_available();
    if (!free) return say(State::warn, "memory", "not known", "check it by hand");
    if (!loaded_) return say(State::ok, "memory", format_about(*free) + " available");
    const auto cost = state_cost(loaded_->pipeline);
    if (!cost) return say(State::fail, "memory", cost.error().message, "run `ouzel lint`");
    const std::string found = format_about(*free) + " available, state takes up to " +
                              format_about(cost->bytes_max) + " at limits.keys " +
                              format_count(loaded_->pipeline.limits.keys);
    if (cost->bytes_max < *free) return say(State::ok, "memory", found);
    say(State::warn, "memory", found, "lower limits.keys, or take fewer features");
  }

  void port() {
    std::string text = loaded_ ? loaded_->pipeline.serve.listen : options_.file.listen;
    if (text.empty()) text = "127.0.0.1:8080";
    const auto address = parse_listen(text);
    if (!address) {
      return say(State::fail, "port", "'" + text + "' " + address.error().message,
                 "--listen ADDR:PORT");
    }
    const auto free = can_listen(*address);
    if (free) return say(State::ok, "port", text + " is free");
    http::Client client({.host = address->address,
                         .port = address->port,
                         .connect_max = std::chrono::milliseconds(500),
                         .silence_max = std::chrono::milliseconds(500)});
    const auto answer = client.get("/api/v1/status");
    StatusView engine;
    if (answer && answer->status == 200) engine = read_status(answer->body).value_or(StatusView());
    const bool ouzel = !engine.pipeline.empty();
    if (ouzel && loaded_ && engine.pipeline == loaded_->pipeline.name) {
      return say(State::warn, "port", text + ": " + engine.pipeline + " runs there already",
                 "good if it is this engine; for a second one choose another with --listen");
    }
    say(State::fail, "port",
        text + ": " + free.error().message + (ouzel ? "; an ouzel has it" : ""),
        "stop what has it, or choose another with --listen");
  }

  /// A pipeline that needs it and has it not does not load: that is said there.
  void onnx() {
    const auto found = onnx_runtime_found();
    if (found) return say(State::ok, "onnx", "ONNX Runtime " + *found);
    if (loaded_) return say(State::ok, "onnx", "not found, and this pipeline does without");
    say(State::warn, "onnx", found.error().message, "only a pipeline with model.onnx needs it");
  }

  /// What its trial found out.
  void model() {
    if (!loaded_ || !loaded_->pipeline.model) return;
    const OnnxVerdict& verdict = loaded_->pipeline.model->verdict();
    const std::string cost = loaded_->pipeline.onnx.file + ": about " +
                             std::to_string(std::llround(verdict.row_ns)) + " ns a row, " +
                             format_count(verdict.rows_max) + " rows a call";
    if (verdict.equal) return say(State::ok, "model", cost);
    say(State::warn, "model", cost, "its rows are run alone: in company they come out otherwise");
  }

  void receivers() {
    if (!loaded_) return;
    for (const SinkSpec& sink : loaded_->pipeline.sinks) {
      if (sink.kind() != SinkSpec::Kind::file) receiver(sink.receiver().url);
    }
  }

  void receiver(const std::string& url) {
    const std::string shown = origin_of(url);
    const auto address = address_of(shown);
    if (!address) return say(State::fail, "receiver", shown, "give a URL with a host and a port");
    const auto reached = can_connect(address->address, address->port, kReceiverMax);
    if (reached) return say(State::ok, "receiver", shown + " answers");
    say(State::warn, "receiver", shown + ": " + reached.error().message,
        "its outcomes wait on disk until it does");
  }

  FileSystem& fs_;
  const Clock& clock_;
  const DoctorOptions& options_;
  std::vector<Check> checks_;
  std::optional<LoadedPipeline> loaded_;
  std::string place_;  ///< The data directory, or what it will be made in.
};

constexpr std::array<const char*, 3> kStates = {"ok", "warn", "fail"};
const char* word(State state) { return kStates[static_cast<std::size_t>(state)]; }

}  // namespace

std::vector<Check> examine(FileSystem& fs, const Clock& clock, const DoctorOptions& options) {
  return Doctor(fs, clock, options).examine();
}

std::string checks_text(const std::vector<Check>& checks) {
  std::string out;
  for (const Check& check : checks) {
    char head[32];
    std::snprintf(head, sizeof(head), "%-4s  %-12s  ", word(check.state), check.name.c_str());
    out += head + check.found + "\n";
    if (!check.advice.empty()) out += std::string(20, ' ') + "-> " + check.advice + "\n";
  }
  return out;
}

std::string checks_json(const std::vector<Check>& checks) {
  std::string out;
  for (const Check& check : checks) {
    out += out.empty() ? "[" : ",\n ";
    out += R"({"check":)";
    append_json_string(out, check.name);
    out += std::string(R"(,"state":")") + word(check.state) + R"(","found":)";
    append_json_string(out, check.found);
    out += R"(,"advice":)";
    append_json_string(out, check.advice);
    out += "}";
  }
  return out + "]\n";
}

}  // namespace ouzel
