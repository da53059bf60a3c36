#include "ouzel/tool/tap.h"

#include <cstdio>
#include <memory>
#include <set>

#include "ouzel/base/exit_code.h"
#include "ouzel/base/file_system.h"
#include "ouzel/engine/data_directory.h"
#include "ouzel/engine/recovery.h"
#include "ouzel/log/segment/reader.h"
#include "ouzel/run/interrupt.h"
#include "ouzel/serve/topic_lines.h"
#include "ouzel/tool/kafka/kafka_tap.h"
#include "ouzel/tool/tap_names.h"
#include "ouzel/tool/tap_printer.h"
#include "ouzel/tool/url_tap.h"

namespace ouzel {
namespace {

constexpr std::chrono::nanoseconds kFollowFiles = std::chrono::milliseconds(500);

int failed(const Error& error) {
  std::fprintf(stderr, "ouzel tap: %s\n", error.message.c_str());
  return error.code == ErrorCode::config ? 78 : 1;
}

int misused(const std::string& what) {
  std::fprintf(stderr, "ouzel tap: %s\nSee `ouzel tap --help`.\n", what.c_str());
  return kExitUsage;
}

/// `tap` on the files of a data directory, whether its engine runs or not.
class FileTap {
 public:
  FileTap(const TapOptions& options, ShownTopic topic)
      : options_(options), topic_(topic), printer_(options) {}

  int run() {
    const Interrupt interrupt;
    const auto meta = read_meta(*fs_, options_.data_dir);
    if (!meta) return failed(meta.error());
    if (const auto there = has_log(); !there) return failed(there.error());
    if (options_.from.kind == TapFrom::Kind::offset &&
        options_.from.partition.value() >= meta->partitions) {
      return misused("--from: " + options_.data_dir + " has " + std::to_string(meta->partitions) +
                     " partitions, none " + std::to_string(options_.from.partition.value()));
    }
    bool first = true;
    do {
      const auto done = pass(*meta, first);
      if (!done) return failed(done.error());
      std::fflush(stdout);
      first = false;
    } while (options_.follow && !printer_.done() && !interrupt.wait(kFollowFiles));
    printer_.finish();
    return damaged_ ? 1 : 0;
  }

 private:
  /// An engine begins with a segment; a worker on Kafka has none.
  Result<void> has_log() {
    OUZEL_TRY(const std::vector<std::string> files, fs_->list(options_.data_dir + "/log"));
    if (!files.empty()) return {};
    return fail(ErrorCode::config, options_.data_dir +
                                       "/log is empty, as it is for a worker on Kafka, whose " +
                                       options_.topic + " are in a topic: ouzel tap " +
                                       options_.topic + " --pipeline FILE");
  }

  /// Prints what there is from `at_` on.
  Result<void> pass(const DirectoryMeta& meta, bool first) {
    // A lock that cannot be had says that the owner lives; it is given back at once.
    const bool alive = !fs_->lock(options_.data_dir + "/LOCK").has_value();
    const LogPosition witnessed =
        witnessed_in(*fs_, options_.data_dir, meta.log_id, meta.partitions);
    OUZEL_TRY(const auto log,
              OfflineLog::open(*fs_, options_.data_dir + "/log", meta.log_id, alive, witnessed));
    for (const std::string& note : log->notes()) tell(note);
    for (const Damage& damage : log->damage()) tell_damage(damage.what);
    if (first) OUZEL_TRY_VOID(begin(*log));
    TopicLines lines(topic_, {.find =
                                  [&](PartitionId partition, Offset offset) {
                                    return log->set().find(Topic::events, partition, offset);
                                  },
                              .read_from = [&](LogPosition at) { return log->read_from(at); }});
    const auto reader = log->read_from(at_);
    while (!printer_.done()) {
      const auto frame = reader->next();
      if (!frame) {
        if (frame.error().code != ErrorCode::corrupt) return tl::unexpected(frame.error());
        tell_damage(frame.error().message);
        continue;
      }
      if (!*frame) break;
      const auto shown = lines.lines(**frame, [&](const TopicLine& line) { return show(line); });
      if (!shown) tell_damage(shown.error().message);
      at_ = reader->position();
    }
    return {};
  }

  Result<void> begin(OfflineLog& log) {
    if (options_.from.kind == TapFrom::Kind::end) at_ = log.end();
    if (options_.from.kind != TapFrom::Kind::offset) return {};
    const Topic view = topic_ == ShownTopic::events ? Topic::events : Topic::outcomes;
    const Offset kept = log.set().oldest(view, options_.from.partition);
    if (options_.from.offset < kept) {
      tell_damage(describe_gap(options_.from.partition, options_.from.offset, kept));
    }
    OUZEL_TRY(at_, log.set().find(view, options_.from.partition, options_.from.offset));
    return {};
  }

  bool show(const TopicLine& line) {
    if (options_.from.kind == TapFrom::Kind::offset &&
        (line.partition != options_.from.partition || line.offset < options_.from.offset)) {
      return true;
    }
    return printer_.print(line.text);
  }

  void tell(const std::string& text) {
    if (told_.insert(text).second) std::fprintf(stderr, "ouzel tap: %s\n", text.c_str());
  }
  void tell_damage(const std::string& text) {
    tell(text);
    damaged_ = true;
  }

  const TapOptions& options_;
  const ShownTopic topic_;
  TapPrinter printer_;
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
  LogPosition at_{};
  bool damaged_ = false;
  std::set<std::string> told_;
};

}  // namespace

int tap(const TapOptions& options) {
  if (const auto wrong = unknown_name(options)) return misused(*wrong);
  if (options.topic == "labels" || options.topic == "alarms") {
    std::fprintf(stderr, "ouzel tap: nothing writes topic %s yet\n", options.topic.c_str());
    TapPrinter(options).finish();
    return kExitDone;
  }
  if (!options.pipeline.path.empty()) return tap_kafka(options);
  const auto topic = shown_topic(options.topic);
  if (!topic) {
    return misused("topic " + options.topic + " is there on Kafka only: ouzel tap " +
                   options.topic +
                   " --pipeline FILE; the plans of a data directory are files, in " + "DIR/plans");
  }
  return options.url.empty() ? FileTap(options, *topic).run() : tap_url(options);
}

}  // namespace ouzel
