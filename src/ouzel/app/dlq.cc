#include "ouzel/app/dlq.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "ouzel/app/bound_sinks.h"
#include "ouzel/app/command_line.h"
#include "ouzel/base/clock.h"
#include "ouzel/engine/data_directory.h"
#include "ouzel/gateway/egress/cursor_file.h"
#include "ouzel/gateway/egress/dead_letters.h"
#include "ouzel/gateway/egress/knative_sink.h"
#include "ouzel/gateway/egress/poster.h"
#include "ouzel/gateway/egress/receiver_request.h"
#include "ouzel/gateway/egress/sinks.h"
#include "ouzel/spec/nearest.h"

namespace ouzel {
namespace {

int failed(const std::string& why) {
  std::fprintf(stderr, "ouzel dlq: %s\n", why.c_str());
  return kExitFailed;
}

/// The letters that are asked for and not yet delivered, each key once, oldest first.
std::vector<KeptLetter> pending_letters(FileSystem& fs, const DlqOptions& options) {
  std::vector<KeptLetter> out;
  std::map<std::string, std::set<std::string>> done;
  for (const std::string& path : dead_letter_files(fs, options.data_dir)) {
    const auto text = read_file(fs, path);
    if (!text) {
      failed(text.error().message);
      continue;
    }
    std::string_view left = *text;
    for (std::size_t end = left.find('\n'); end != std::string_view::npos; end = left.find('\n')) {
      auto letter = read_letter(left.substr(0, end));
      left.remove_prefix(end + 1);
      if (!letter) {
        failed(path + ": a line is no dead letter");
        continue;
      }
      if (!options.sink.empty() && letter->sink != options.sink) continue;
      if (!options.key.empty() && letter->key != options.key) continue;
      auto known = done.find(letter->sink);
      if (known == done.end()) {
        known = done.emplace(letter->sink, replayed_keys(fs, options.data_dir, letter->sink)).first;
      }
      if (known->second.insert(letter->key).second) out.push_back(std::move(*letter));
    }
  }
  return out;
}

/// Sends letters to the receivers of a pipeline, one after the other.
class Replay {
 public:
  Replay(FileSystem& fs, const DlqOptions& options, std::string pipeline,
         std::vector<SinkSpec> sinks)
      : fs_(fs), options_(options), pipeline_(std::move(pipeline)), sinks_(std::move(sinks)) {}

  Result<void> send(const KeptLetter& letter) {
    OUZEL_TRY(Way * way, way_of(letter.sink));
    way->poster->start(0, make_request(way->form, letter.message, {}, clock_.wall()));
    std::vector<PostAnswer> answers;
    const SteadyTime end = clock_.steady() + way->form.receiver.timeout + std::chrono::seconds(5);
    while (answers.empty() && clock_.steady() < end) {
      answers = way->poster->wait(std::chrono::milliseconds(200));
    }
    if (answers.empty()) return fail(ErrorCode::unavailable, "no answer");
    const PostAnswer& answer = answers.front();
    if (answer.status == 0) return fail(ErrorCode::unavailable, answer.error);
    if (answer.status < 200 || answer.status >= 300) {
      return fail(ErrorCode::unavailable, "answered " + std::to_string(answer.status));
    }
    return note_replayed(fs_, options_.data_dir, letter.sink, letter.key);
  }

 private:
  struct Way {
    RequestForm form;
    std::unique_ptr<Poster> poster;
  };

  Result<Way*> way_of(const std::string& sink) {
    if (const auto known = ways_.find(sink); known != ways_.end()) return &known->second;
    for (const SinkSpec& spec : sinks_) {
      if (sink_name(spec) != sink || spec.kind() == SinkSpec::Kind::file) continue;
      const ReceiverSpec& receiver = spec.receiver();
      Way way{.form = {.pipeline = pipeline_,
                       .sink = sink,
                       .receiver = receiver,
                       .webhook = spec.kind() == SinkSpec::Kind::webhook},
              .poster = make_curl_poster({.files = &fs_,
                                          .ca_file = receiver.ca_file,
                                          .ca_pem = receiver.ca_pem,
                                          .allow = receiver.allow})};
      return &ways_.emplace(sink, std::move(way)).first->second;
    }
    return fail(ErrorCode::config,
                "the pipeline has no receiver called " + sink +
                    (sink == kKnativeSinkName ? ": set K_SINK as the engine has it" : ""));
  }

  FileSystem& fs_;
  const DlqOptions& options_;
  const std::string pipeline_;
  const std::vector<SinkSpec> sinks_;
  const SystemClock clock_;
  std::map<std::string, Way> ways_;
};

int replay(FileSystem& fs, const DlqOptions& options, const std::vector<KeptLetter>& letters) {
  Findings findings;
  const auto loaded = load_pipeline_file(fs, options.pipeline, findings);
  if (!loaded) {
    print_findings(findings);
    return kExitConfig;
  }
  auto sinks = sinks_of(loaded->pipeline);
  if (!sinks) return failed(sinks.error().message);
  const auto lock = fs.lock(options.data_dir + "/dlq/REPLAY");
  if (!lock) return failed("another replay runs: " + lock.error().message);
  Replay sender(fs, options, loaded->pipeline.name, std::move(*sinks));
  std::size_t refused = 0;
  for (const KeptLetter& letter : letters) {
    const auto sent = sender.send(letter);
    if (!sent) ++refused;
    std::printf("%s %s\n", letter.key.c_str(), sent ? "delivered" : sent.error().message.c_str());
    std::fflush(stdout);
  }
  std::fprintf(stderr, "ouzel dlq: %zu delivered, %zu left\n", letters.size() - refused, refused);
  return refused == 0 ? kExitDone : kExitFailed;
}

}  // namespace

int dlq(const DlqOptions& options) {
  const auto fs = make_posix_file_system();
  if (options.action == "replay" && options.pipeline.path.empty()) {
    std::fprintf(stderr, "ouzel dlq: replay needs --pipeline FILE, which names the receivers\n");
    return kExitUsage;
  }
  if (options.action == "show" && options.key.empty()) {
    std::fprintf(stderr, "ouzel dlq: show needs --key KEY, as ls prints it\n");
    return kExitUsage;
  }
  if (const auto meta = read_meta(*fs, options.data_dir); !meta) {
    failed(meta.error().message);
    return kExitConfig;
  }
  const std::vector<std::string> sinks =
      sinks_with_cursors(*fs, cursor_directory(options.data_dir));
  if (!options.sink.empty() && std::find(sinks.begin(), sinks.end(), options.sink) == sinks.end()) {
    const std::string near = sinks.empty() ? "it has none" : suggest(options.sink, sinks);
    return failed(options.data_dir + " has no sink called " + options.sink + "; " + near);
  }
  const std::vector<KeptLetter> letters = pending_letters(*fs, options);
  if (!options.key.empty() && letters.empty()) return failed("no dead letter " + options.key);
  if (options.action == "replay") return replay(*fs, options, letters);
  for (const KeptLetter& letter : letters) {
    const std::string& shown = options.action == "show" ? letter.line : letter.summary;
    std::printf("%s\n", shown.c_str());
  }
  return kExitDone;
}

}  // namespace ouzel
