#include "ouzel/egress/sinks.h"

#include <algorithm>
#include <utility>

#include "ouzel/base/logging.h"
#include "ouzel/egress/dead_letters.h"
#include "ouzel/egress/files_outlet.h"
#include "ouzel/egress/log_feed.h"
#include "ouzel/egress/poster.h"
#include "ouzel/egress/receiver_outlet.h"

namespace ouzel {
namespace {

/// Outcomes of one run of lines; a window holds many.
constexpr std::uint32_t kFileRunMax = 1024;

std::string dead_letter_directory(const std::string& data_dir) { return data_dir + "/dlq"; }

/// What all sinks of a plan are made with.
struct Workshop {
  FileSystem& fs;
  const Clock& clock;
  const SinksOptions& options;
};

FeedOptions feed_options(const SinkSpec& spec) {
  FeedOptions out;
  out.alerts = spec.takes(SinkWhen::alert);
  out.reviews = spec.takes(SinkWhen::review);
  out.rejects = spec.takes(SinkWhen::rejects);
  out.all = spec.takes(SinkWhen::all);
  if (spec.kind() == SinkSpec::Kind::file) out.message_events_max = kFileRunMax;
  if (spec.receiver().mode == EventMode::batched) out.message_events_max = spec.receiver().batch;
  return out;
}

std::string files_directory(const SinkSpec& spec, const std::string& data_dir) {
  const std::string& directory = spec.file.directory;
  return directory.starts_with('/') ? directory : data_dir + "/" + directory;
}

Result<std::unique_ptr<Outlet>> make_receiver(const SinkSpec& spec, const std::string& name,
                                              SinkReport& report, const Workshop& shop) {
  const SinksOptions& options = shop.options;
  const ReceiverSpec& receiver = spec.receiver();
  OUZEL_TRY(auto letters,
            DeadLetters::open(shop.fs, {.directory = dead_letter_directory(options.data_dir),
                                        .sink = name,
                                        .bytes_max = options.dead_letter_bytes}));
  RequestForm form{.pipeline = options.pipeline,
                   .sink = name,
                   .receiver = receiver,
                   .webhook = spec.kind() == SinkSpec::Kind::webhook};
  ReceiverSeams seams{.clock = &shop.clock,
                      .report = &report,
                      .poster = make_curl_poster({.files = &shop.fs,
                                                  .ca_file = receiver.ca_file,
                                                  .ca_pem = receiver.ca_pem,
                                                  .allow = receiver.allow}),
                      .letters = std::move(letters),
                      .seed = options.seed ^ std::hash<std::string>()(name)};
  return std::make_unique<ReceiverOutlet>(std::move(form), std::move(seams));
}

Result<std::unique_ptr<Outlet>> make_outlet(const SinkSpec& spec, const SinkParts& parts,
                                            const Workshop& shop) {
  if (spec.kind() != SinkSpec::Kind::file) {
    return make_receiver(spec, parts.name, *parts.report, shop);
  }
  const std::string& worker = shop.options.worker;
  return FilesOutlet::open(shop.fs, *parts.report,
                           {.spec = spec.file,
                            .directory = parts.target,
                            .sink = parts.name + (worker.empty() ? "" : "-" + worker)},
                           parts.feed->place());
}

}  // namespace

std::string cursor_directory(const std::string& data_dir) { return data_dir + "/sinks"; }

FeedMaker log_feeds(FileSystem& fs, Log& log, LogFeedOptions options) {
  return
      [&fs, &log, options = std::move(options)](const SinkSpec& spec, const std::string& name,
                                                FeedOptions feed) -> Result<std::unique_ptr<Feed>> {
        const std::string directory = cursor_directory(options.data_dir);
        const auto known = sinks_with_cursors(fs, directory);
        OUZEL_TRY(auto cursor, CursorFile::open(fs, directory, name, options.log_id));
        if (!cursor->found()) {
          // Each sink notes its start below: a file without a cursor is damage, or of a crash here.
          if (std::find(known.begin(), known.end(), name) != known.end()) {
            const bool end = spec.from == SinkSpec::From::end;
            logging::warn("a sink's cursor file holds none: it begins anew at its from",
                          {{"sink", name}, {"from", end ? "end" : "beginning"}});
          }
          SinkCursor start{.position = log.durable_end(), .next = options.committed, .place = {}};
          if (spec.from == SinkSpec::From::beginning) {
            start = {.position = log.oldest(), .next = {}, .place = {}};
          }
          OUZEL_TRY_VOID(cursor->write(std::move(start)));
        }
        return std::make_unique<LogFeed>(log, std::move(cursor), feed);
      };
}

Result<std::unique_ptr<Sinks>> Sinks::open(const std::vector<SinkSpec>& specs, FileSystem& fs,
                                           const Clock& clock, const FeedMaker& make_feed,
                                           SinksOptions options) {
  std::unique_ptr<Sinks> out(new Sinks);
  if (specs.empty()) return out;
  for (const std::string& directory :
       {cursor_directory(options.data_dir), dead_letter_directory(options.data_dir)}) {
    OUZEL_TRY_VOID(fs.make_directory(directory));
  }
  OUZEL_TRY_VOID(fs.sync_directory(options.data_dir));
  const Workshop shop{fs, clock, options};
  for (const SinkSpec& spec : specs) {
    SinkParts parts{.name = sink_name(spec),
                    .kind = std::string(to_string(spec.kind())),
                    .target = spec.kind() == SinkSpec::Kind::file
                                  ? files_directory(spec, options.data_dir)
                                  : origin_of(spec.receiver().url),
                    .clock = &clock,
                    .report = std::make_unique<SinkReport>()};
    OUZEL_TRY(parts.feed, make_feed(spec, parts.name, feed_options(spec)));
    OUZEL_TRY(parts.outlet, make_outlet(spec, parts, shop));
    if (parts.outlet->place() != parts.feed->place()) {
      OUZEL_TRY_VOID(parts.feed->keep(parts.outlet->place()));
    }
    logging::info("sink", {{"name", parts.name}, {"kind", parts.kind}, {"target", parts.target}});
    out->sinks_.push_back(std::make_unique<Sink>(std::move(parts)));
  }
  return out;
}

void Sinks::start() {
  for (const auto& sink : sinks_) sink->start();
}

void Sinks::stop(SteadyTime end) {
  for (const auto& sink : sinks_) sink->stop(end);
}

void Sinks::signal() {
  for (const auto& sink : sinks_) sink->signal();
}

void Sinks::receiver_took(const std::string& name) {
  for (const auto& sink : sinks_) {
    if (sink->name() == name) sink->receiver_took();
  }
}

LogPosition Sinks::needed(LogPosition end, std::uint64_t backlog_bytes) const {
  LogPosition oldest = end;
  for (const auto& sink : sinks_) oldest = std::min(oldest, sink->needed());
  const std::uint64_t most = std::min(end.value(), backlog_bytes);
  return std::max(oldest, LogPosition(end.value() - most));
}

std::vector<SinkStatus> Sinks::status() const {
  std::vector<SinkStatus> out;
  for (const auto& sink : sinks_) out.push_back(sink->status());
  return out;
}

}  // namespace ouzel
