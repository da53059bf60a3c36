#include "ouzel/tool/tap.h"

#include <cstdio>
#include <map>
#include <memory>
#include <set>

#include "ouzel/base/exit_code.h"
#include "ouzel/base/file_system.h"
#include "ouzel/decode/decoder.h"
#include "ouzel/decode/split.h"
#include "ouzel/engine/data_directory.h"
#include "ouzel/engine/recovery.h"
#include "ouzel/http/client.h"
#include "ouzel/log/segment/reader.h"
#include "ouzel/run/interrupt.h"
#include "ouzel/serve/topic_lines.h"
#include "ouzel/tool/kafka/kafka_tap.h"
#include "ouzel/tool/tap_names.h"
#include "ouzel/tool/tap_printer.h"
#include "ouzel/tool/terminal/engine_view.h"

namespace ouzel {
namespace {

constexpr std::chrono::nanoseconds kFollowFiles = std::chrono::milliseconds(500);
constexpr std::chrono::nanoseconds kFollowUrl = std::chrono::milliseconds(250);

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

struct Page {
  std::vector<std::string> lines;
  std::string next;
};

/// The outcomes of an answer as they came, byte for byte.
Result<Page> read_page(std::string body) {
  OUZEL_TRY(const OutcomesView view, read_outcomes(body));
  Page page{.next = view.next};
  const std::size_t begin = body.find('[');
  const std::size_t end = body.rfind(']');
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    return fail(ErrorCode::corrupt, "the engine's answer has no outcomes");
  }
  body.resize(end + 1);
  body.reserve(body.size() + kDecodePadding);
  const auto split =
      split_array(std::string_view(body).substr(begin),
                  [&](std::size_t, std::string_view element) { page.lines.emplace_back(element); });
  if (!split) return tl::unexpected(split.error());
  return page;
}

/// `tap outcomes` of a running engine, through its API.
int tap_url(const TapOptions& options) {
  const Interrupt interrupt;
  const auto url = http::parse_url(options.url);
  if (!url) return failed(url.error());
  http::Client client({.host = url->host, .port = url->port});
  TapPrinter printer(options);
  std::string from = "beginning";
  if (options.from.kind == TapFrom::Kind::end) from = "end";
  if (options.from.kind == TapFrom::Kind::offset) {
    from = std::to_string(options.from.partition.value()) + ":" +
           std::to_string(options.from.offset.value());
  }
  while (!printer.done() && !interrupt.requested()) {
    const auto answer = client.get("/api/v1/outcomes?limit=1000&from=" + from);
    if (!answer) {
      std::fprintf(stderr, "ouzel tap: %s\n", answer.error().message.c_str());
      return 69;
    }
    if (answer->status != 200) {
      return failed(
          {ErrorCode::unavailable,
           "the engine answered " + std::to_string(answer->status) + ": " + answer->body});
    }
    const auto page = read_page(answer->body);
    if (!page) return failed(page.error());
    for (const std::string& line : page->lines) {
      if (!printer.print(line)) break;
    }
    std::fflush(stdout);
    const bool moved = page->next != from && !page->next.empty();
    if (moved) from = page->next;
    if (!page->lines.empty() || (moved && !options.follow)) continue;
    if (!options.follow || interrupt.wait(kFollowUrl)) break;
  }
  printer.finish();
  return 0;
}

}  // namespace

int tap(const TapOptions& options) {
  const std::map<std::string, ShownTopic> shown = {{"events", ShownTopic::events},
                                                   {"outcomes", ShownTopic::outcomes},
                                                   {"rejects", ShownTopic::rejects}};
  if (const auto wrong = unknown_name(options)) return misused(*wrong);
  const auto topic = shown.find(options.topic);
  if (!options.pipeline.path.empty()) return tap_kafka(options);
  if (!options.url.empty()) {
    if (options.topic == "outcomes") return tap_url(options);
    return failed({ErrorCode::config,
                   "--url shows topic outcomes only; read " + options.topic + " from --data-dir"});
  }
  if (topic == shown.end()) {
    std::fprintf(stderr, "ouzel tap: nothing writes topic %s yet\n", options.topic.c_str());
    TapPrinter(options).finish();
    return 0;
  }
  return FileTap(options, topic->second).run();
}

}  // namespace ouzel
