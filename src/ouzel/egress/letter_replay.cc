#include "ouzel/egress/letter_replay.h"

#include <algorithm>
#include <set>
#include <utility>

#include "ouzel/egress/cursor_file.h"
#include "ouzel/egress/knative_sink.h"
#include "ouzel/egress/sinks.h"
#include "ouzel/http/message.h"
#include "ouzel/spec/nearest.h"

namespace ouzel {
namespace {

/// One walk through all files.
class Walk {
 public:
  Walk(FileSystem& fs, const std::string& data_dir, const LetterChoice& choice,
       const std::function<bool(KeptLetter)>& visit)
      : fs_(fs), data_dir_(data_dir), choice_(choice), visit_(visit) {}

  bool passed() const { return passed_; }
  std::vector<std::string> take_unread() { return std::move(unread_); }

  void all() {
    for (const std::string& path : dead_letter_files(fs_, data_dir_)) {
      auto text = read_file(fs_, path);
      // Once more: it may have been a letter under way.
      if (text && !text->ends_with('\n')) text = read_file(fs_, path);
      if (!text) {
        unread_.push_back(text.error().message);
        continue;
      }
      if (!lines(path, *text)) return;
    }
  }

 private:
  /// False: enough.
  bool lines(const std::string& path, std::string_view text) {
    std::string_view left = text;
    std::size_t number = 0, bad = 0;
    std::string first_bad;
    for (std::size_t end = left.find('\n'); end != std::string_view::npos; end = left.find('\n')) {
      auto letter = read_letter(left.substr(0, end));
      ++number;
      if (!letter && bad++ == 0) {
        first_bad = "line " + std::to_string(number) + ", byte " +
                    std::to_string(text.size() - left.size());
      }
      left.remove_prefix(end + 1);
      if (letter && wanted(*letter) && !visit_(std::move(*letter))) return false;
    }
    if (bad > 0) {
      unread_.push_back(path + ": damaged: of " + std::to_string(number) + " lines " +
                        std::to_string(bad) + " are no dead letters, the first at " + first_bad);
    }
    if (text.empty()) unread_.push_back(path + ": holds nothing: emptied, or a crash");
    if (!left.empty()) {
      unread_.push_back(path + ": ends within a line, of which there are " +
                        std::to_string(left.size()) + " bytes: cut, or a crash");
    }
    return true;
  }

  bool wanted(const KeptLetter& letter) {
    if (!choice_.sink.empty() && letter.sink != choice_.sink) return false;
    if (!passed_) {
      passed_ = letter.key == choice_.after;
      return false;
    }
    if (!choice_.key.empty() && letter.key != choice_.key) return false;
    auto done = done_.find(letter.sink);
    if (done == done_.end()) {
      done = done_.emplace(letter.sink, replayed_keys(fs_, data_dir_, letter.sink)).first;
    }
    return done->second.insert(letter.key).second;
  }

  FileSystem& fs_;
  const std::string& data_dir_;
  const LetterChoice& choice_;
  const std::function<bool(KeptLetter)>& visit_;
  bool passed_ = choice_.after.empty();
  std::map<std::string, std::set<std::string>> done_;  ///< Delivered or visited, by sink.
  std::vector<std::string> unread_;
};

}  // namespace

std::string choice_fault(FileSystem& fs, const std::string& data_dir, const LetterChoice& choice) {
  if (choice.sink.empty()) return {};
  const auto sinks = sinks_with_cursors(fs, cursor_directory(data_dir));
  if (std::find(sinks.begin(), sinks.end(), choice.sink) != sinks.end()) return {};
  return data_dir + " has no sink called " + choice.sink + "; " +
         (sinks.empty() ? "it has none" : suggest(choice.sink, sinks));
}

Result<std::vector<std::string>> visit_letters(FileSystem& fs, const std::string& data_dir,
                                               const LetterChoice& choice,
                                               const std::function<bool(KeptLetter)>& visit) {
  Walk walk(fs, data_dir, choice, visit);
  walk.all();
  if (!walk.passed()) return fail(ErrorCode::config, "there is no letter " + choice.after);
  return walk.take_unread();
}

Result<std::unique_ptr<FileLock>> lock_replay(FileSystem& fs, const std::string& data_dir) {
  OUZEL_TRY_VOID(fs.make_directory(data_dir + "/dlq"));
  auto lock = fs.lock(data_dir + "/dlq/REPLAY");
  if (!lock) return fail(lock.error().code, "another replay runs: " + lock.error().message);
  return lock;
}

Result<LetterReplay::Way*> LetterReplay::way_of(const std::string& sink) {
  if (const auto known = ways_.find(sink); known != ways_.end()) return &known->second;
  for (const SinkSpec& spec : options_.sinks) {
    if (sink_name(spec) != sink || spec.kind() == SinkSpec::Kind::file) continue;
    const ReceiverSpec& receiver = spec.receiver();
    Way way{.form = {.pipeline = options_.pipeline,
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

Result<void> LetterReplay::send(const KeptLetter& letter) {
  OUZEL_TRY(Way * way, way_of(letter.sink));
  way->poster->start(0, make_request(way->form, letter.message, {}, clock_.wall()));
  std::vector<PostAnswer> answers;
  const SteadyTime end = clock_.steady() + way->form.receiver.timeout + std::chrono::seconds(5);
  while (answers.empty() && clock_.steady() < end && !stopping_.load(std::memory_order_relaxed)) {
    answers = way->poster->wait(std::chrono::milliseconds(200));
  }
  if (answers.empty()) {
    ways_.erase(letter.sink);  // With the request that is under way.
    return fail(ErrorCode::unavailable, "no answer");
  }
  const PostAnswer& answer = answers.front();
  if (answer.status == 0) return fail(ErrorCode::unavailable, answer.error);
  if (answer.status < 200 || answer.status >= 300) {
    return fail(ErrorCode::unavailable, "answered " + std::to_string(answer.status));
  }
  return note_replayed(fs_, options_.data_dir, letter.sink, letter.key);
}

std::string replay_line(std::string_view key, const Result<void>& sent) {
  std::string out = "{\"key\":";
  http::append_json(out, key);
  out += sent ? ",\"delivered\":true" : ",\"delivered\":false,\"why\":";
  if (!sent) http::append_json(out, sent.error().message);
  return out + "}\n";
}

}  // namespace ouzel
