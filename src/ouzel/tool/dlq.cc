#include "ouzel/tool/dlq.h"

#include <cstdio>
#include <string_view>
#include <utility>

#include "ouzel/base/clock.h"
#include "ouzel/base/exit_code.h"
#include "ouzel/egress/letter_replay.h"
#include "ouzel/engine/data_directory.h"
#include "ouzel/http/client.h"
#include "ouzel/pipeline/bound_sinks.h"
#include "ouzel/tool/kafka/kafka_dlq.h"

namespace ouzel {
namespace {

/// A slice of a replay lasts as long as the receiver's timeout lets it.
constexpr std::chrono::milliseconds kSilenceMax = std::chrono::minutes(11);

int failed(const std::string& why, int code = kExitFailed) {
  std::fprintf(stderr, "ouzel dlq: %s\n", why.c_str());
  return code;
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

/// What has been shown or sent so far.
struct Tally {
  std::size_t letters = 0;
  std::size_t delivered = 0;
};

int verdict(const DlqOptions& options, const Tally& tally) {
  if (!options.choice.key.empty() && tally.letters == 0) {
    return failed("no dead letter " + options.choice.key);
  }
  if (options.action != "replay") return kExitDone;
  const std::size_t left = tally.letters - tally.delivered;
  std::fprintf(stderr, "ouzel dlq: %zu delivered, %zu left\n", tally.delivered, left);
  return left == 0 ? kExitDone : kExitFailed;
}

/// Walks the files; `each` shows or sends a letter.
int from_files(FileSystem& fs, const DlqOptions& options, Tally& tally,
               const std::function<bool(KeptLetter)>& each) {
  const auto seen = visit_letters(fs, options.data_dir, options.choice, [&](KeptLetter letter) {
    ++tally.letters;
    return each(std::move(letter));
  });
  if (!seen) return failed(seen.error().message);
  for (const std::string& why : *seen) failed(why);
  const int code = verdict(options, tally);
  return seen->empty() ? code : kExitFailed;
}

int replay(FileSystem& fs, const DlqOptions& options) {
  const auto loaded = load_or_print(options.pipeline);
  if (!loaded) return kExitConfig;
  auto sinks = sinks_of(loaded->pipeline);
  if (!sinks) return failed(sinks.error().message, kExitConfig);
  const auto lock = lock_replay(fs, options.data_dir);
  if (!lock) return failed(lock.error().message);
  const SystemClock clock;
  const LetterReplayOptions way{
      .data_dir = options.data_dir, .pipeline = loaded->pipeline.name, .sinks = std::move(*sinks)};
  LetterReplay sender(fs, clock, way);
  Tally tally;
  return from_files(fs, options, tally, [&](const KeptLetter& letter) {
    const auto sent = sender.send(letter);
    tally.delivered += sent ? 1 : 0;
    print(replay_line(letter.key, sent));
    return true;
  });
}

int local(const DlqOptions& options) {
  const auto fs = make_posix_file_system();
  if (const auto meta = read_meta(*fs, options.data_dir); !meta) {
    return failed(meta.error().message, kExitConfig);
  }
  const std::string fault = choice_fault(*fs, options.data_dir, options.choice);
  if (!fault.empty()) return failed(fault);
  if (options.action == "replay") return replay(*fs, options);
  Tally tally;
  return from_files(*fs, options, tally, [&](const KeptLetter& letter) {
    print((options.action == "show" ? letter.line : letter.summary) + "\n");
    return true;
  });
}

/// Path and query of the next slice, behind the letter `after`.
std::string target_of(const DlqOptions& options, const std::string& after) {
  std::string out = "/api/v1/dead-letters";
  if (options.action == "replay") out += "/replay";
  out += "?sink=" + http::percent_encode(options.choice.sink);
  if (options.action != "ls") out += "&key=" + http::percent_encode(options.choice.key);
  return out + "&after=" + http::percent_encode(after);
}

/// Asks slice by slice, until one is empty.
int remote(const DlqOptions& options) {
  const auto url = http::parse_url(options.url);
  if (!url) return failed(url.error().message, kExitUsage);
  http::Client client({.host = url->host, .port = url->port, .silence_max = kSilenceMax});
  Tally tally;
  for (std::string after;;) {
    const std::string target = target_of(options, after);
    const auto reply = options.action == "replay" ? client.post(target, "application/json", "")
                                                  : client.get(target);
    if (!reply) return failed(reply.error().message, kExitUnavailable);
    if (reply->status != 200) {
      std::fputs(reply->body.c_str(), stderr);
      return reply->status == 503 ? kExitUnavailable : kExitFailed;
    }
    if (reply->body.empty()) return verdict(options, tally);
    print(reply->body);
    std::string_view left = reply->body;
    for (std::size_t end = left.find('\n'); end != left.npos; end = left.find('\n')) {
      const std::string_view line = left.substr(0, end);
      ++tally.letters;
      tally.delivered += line.ends_with(",\"delivered\":true}") ? 1 : 0;
      after = letter_key(line);
      left.remove_prefix(end + 1);
    }
  }
}

}  // namespace

int dlq(const DlqOptions& options) {
  if (options.rejects) return dlq_rejects(options);
  const bool far = !options.url.empty();
  if (options.action != "replay" && !options.pipeline.path.empty()) {
    return failed(
        options.action +
            " takes --pipeline only with --rejects, which is what the pipeline rejected on "
            "Kafka; dead letters of its sinks stand in --data-dir",
        kExitUsage);
  }
  if (options.action == "replay" && options.pipeline.path.empty() != far) {
    return failed(far ? "with --url the engine's own pipeline names the receivers: leave out "
                        "--pipeline"
                      : "replay needs --pipeline FILE, which names the receivers, or --url",
                  kExitUsage);
  }
  if (options.action == "show" && options.choice.key.empty()) {
    return failed("show needs --key KEY, as ls prints it", kExitUsage);
  }
  return far ? remote(options) : local(options);
}

}  // namespace ouzel
