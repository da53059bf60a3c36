#include "ouzel/tool/send.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "ouzel/base/clock.h"
#include "ouzel/base/exit_code.h"
#include "ouzel/base/hash.h"
#include "ouzel/decode/decoder.h"
#include "ouzel/decode/split.h"
#include "ouzel/gateway/event_text.h"
#include "ouzel/gateway/sender.h"
#include "ouzel/http/client.h"
#include "ouzel/pipeline/kafka_target.h"
#include "ouzel/run/interrupt.h"
#include "ouzel/tool/kafka/kafka_sender.h"
#include "ouzel/tool/send_state.h"
#include "ouzel/tool/terminal/engine_view.h"
#include "ouzel/tool/terminal/progress.h"
#include "ouzel/tool/text_input.h"

namespace ouzel {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// What a request holds must not depend on flags: its key says which lines it has.
constexpr std::size_t kRequestEvents = 500;
constexpr std::size_t kRequestBytes = 1 << 20;
constexpr nanoseconds kBetweenSaves = std::chrono::seconds(1);
constexpr int kComplaintsMax = 5;

using Answered = std::function<void(const EventChunk&, const std::string& reply)>;

/// What the pipeline's schema says is the key of a line.
class KeyFinder {
 public:
  explicit KeyFinder(Schema schema) : schema_(std::move(schema)), decoder_(schema_) {}
  std::optional<std::string_view> operator()(std::string_view line) {
    bytes_.assign(line).append(kDecodePadding, ' ');
    const EventForm form = looks_like_cloudevent(line) ? EventForm::structured : EventForm::payload;
    const DecodedRow& row =
        decoder_.decode({.form = form}, std::string_view(bytes_).substr(0, line.size()));
    // An event without a key is for the pipeline to reject.
    if (refused(row.fate) || row.key.empty()) return std::nullopt;
    return row.key;
  }

 private:
  const Schema schema_;
  Decoder decoder_;
  std::string bytes_;
};

bool to_kafka(const SendOptions& options) {
  return options.url == "kafka" || is_kafka_target(options.url);
}

/// To `kafka:…`, or `kafka` for the topic of the pipeline.
Result<std::unique_ptr<Sender>> open_topic(const SendOptions& options, const Pipeline& pipeline,
                                           const Clock& clock, Answered answered) {
  KafkaSenderOptions sending{.command = "send", .answered = std::move(answered)};
  if (options.url == "kafka") {
    if (pipeline.kafka_source.topic.empty()) {
      return fail(ErrorCode::config, options.pipeline.path + " has no source.kafka");
    }
    OUZEL_TRY(KafkaSettings settings, kafka_settings(pipeline.kafka, pipeline.directory));
    sending.settings = std::move(settings.producer);
    sending.topic = pipeline.kafka_source.topic;
  } else {
    OUZEL_TRY(KafkaTarget target, parse_kafka_target(options.url, options.kafka));
    sending.settings = std::move(target.settings.producer);
    sending.topic = std::move(target.topic);
  }
  const auto finder = std::make_shared<KeyFinder>(pipeline.schema);
  sending.key = [finder](std::string_view line) { return (*finder)(line); };
  return open_kafka_sender(std::move(sending), clock);
}

Result<std::unique_ptr<Sender>> open_sender(const SendOptions& options, const Pipeline* pipeline,
                                            const Clock& clock, Answered answered) {
  if (to_kafka(options)) return open_topic(options, *pipeline, clock, std::move(answered));
  return Sender::start({.url = options.url,
                        .connections = options.connections,
                        .request_events_max = kRequestEvents,
                        .queue_bytes_max = 2 * kRequestBytes * options.connections,
                        .answered = std::move(answered)},
                       clock);
}

/// Of the engine that receives; nullopt: it is none, or a signal came. Waits while it answers 503,
/// as a sender does: what the events are must not depend on the moment.
Result<std::optional<Schema>> ask_schema(const std::string& receiver, const Interrupt& interrupt) {
  OUZEL_TRY(const http::Url url, http::parse_url(receiver));
  http::Client client({.host = url.host, .port = url.port});
  do {
    OUZEL_TRY(const http::ClientResponse reply, client.get("/api/v1/pipeline"));
    if (reply.status == 200) return read_schema(reply.body);
    if (reply.status != 503) break;
  } while (!interrupt.wait(std::chrono::seconds(1)));
  return std::nullopt;
}

/// The file on its way.
class Sending {
 public:
  /// `pipeline`: that of the options; null: none.
  Sending(const SendOptions& options, const Pipeline* pipeline, TextInput& input, SendState& state,
          const Clock& clock)
      : options_(options),
        pipeline_(pipeline),
        input_(input),
        state_(state),
        clock_(clock),
        progress_(clock, input.size) {}

  Result<void> run() {
    const Interrupt interrupt;
    OUZEL_TRY_VOID(open(interrupt));
    start_ = saved_ = clock_.steady();
    Result<void> done = {};
    while (done && !ended_ && !interrupt.requested()) {
      done = request(interrupt);
      if (done && clock_.steady() - saved_ > kBetweenSaves) done = save(false);
    }
    while (done && !interrupt.requested() && !sender_->drain(milliseconds(100)) &&
           sender_->report().failure.empty()) {
      progress_.show(input_.bytes->bytes_read(), state_.events_answered());
    }
    sender_->stop();
    progress_.clear();
    const SenderReport report = sender_->report();
    whole_ = done && ended_ && report.queued == 0 && report.failure.empty();
    const auto saved = save(whole_);
    OUZEL_TRY_VOID(std::move(done));
    if (!report.failure.empty()) {
      return fail(report.unreachable ? ErrorCode::unavailable : ErrorCode::internal,
                  report.failure);
    }
    return saved;
  }

  /// There is somebody to send to.
  bool began() const { return sender_ != nullptr; }

  /// Prints what came of it. True: all of the file was taken.
  bool report() const {
    const SenderReport report = sender_->report();
    const std::uint64_t refused = report.refused + unreadable_;
    std::fprintf(stderr, "accepted=%llu duplicates=%llu refused=%llu skipped=%llu\n",
                 static_cast<unsigned long long>(report.accepted),
                 static_cast<unsigned long long>(report.duplicates),
                 static_cast<unsigned long long>(refused),
                 static_cast<unsigned long long>(skipped_));
    return refused == 0 && whole_;
  }

 private:
  Result<void> open(const Interrupt& interrupt) {
    OUZEL_TRY(auto sender, open_sender(options_, pipeline_, clock_,
                                       [this](const EventChunk& chunk, const std::string& reply) {
                                         state_.answered(chunk.key, reply);
                                       }));
    if (pipeline_ != nullptr) {
      schema_ = pipeline_->schema;
    } else {
      OUZEL_TRY(schema_, ask_schema(options_.url, interrupt));
    }
    text_.emplace(schema_ ? &*schema_ : nullptr, EventTextNames{.source = "", .file = input_.name},
                  EventTextPlace{.spec = options_.text});
    sender_ = std::move(sender);
    return {};
  }

  /// Reads the next request's lines and hands them over.
  Result<void> request(const Interrupt& interrupt) {
    EventChunk chunk;
    std::vector<std::uint64_t> lines;
    while (lines.size() < kRequestEvents && chunk.lines.size() < kRequestBytes && !ended_) {
      OUZEL_TRY(const TextEvent* event, text_->next());
      if (event != nullptr) {
        take(*event, chunk, lines);
        continue;
      }
      OUZEL_TRY(const bool more, text_->fill(*input_.bytes));
      if (more) continue;
      ended_ = read_;
      read_ = true;
      text_->end();
    }
    if (lines.empty()) return {};
    if (lines.front() < resume_line_) {
      skipped_ += lines.size();
      return {};
    }
    if (options_.rate > 0) {
      const auto due = start_ + nanoseconds(static_cast<std::int64_t>(static_cast<double>(events_) *
                                                                      1e9 / options_.rate));
      const nanoseconds left = due - clock_.steady();
      if (left.count() > 0 && interrupt.wait(left)) {
        ended_ = false;
        return {};
      }
    }
    events_ += lines.size();
    chunk.due.assign(lines.size(), clock_.steady());
    chunk.key = key_ + "-" + std::to_string(lines.front());
    state_.sent(chunk.key, lines);
    const std::size_t connection = requests_++;
    while (!sender_->offer(connection, chunk)) {
      progress_.show(input_.bytes->bytes_read(), state_.events_answered());
      if (!sender_->report().failure.empty() || interrupt.wait(milliseconds(2))) return {};
    }
    progress_.show(input_.bytes->bytes_read(), state_.events_answered());
    return {};
  }

  void take(const TextEvent& event, EventChunk& chunk, std::vector<std::uint64_t>& lines) {
    if (key_.empty()) {
      key_ = options_.key;
      if (key_.empty()) {
        key_ = to_string(hash128(input_.name + "\n" + std::string(event.bytes))).substr(0, 16);
      }
      resume_line_ = state_.resume(options_.url, key_);
      if (options_.restart) resume_line_ = 0;
    }
    if (event.envelope.form == EventForm::refused) {
      if (unreadable_++ < kComplaintsMax) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(event.envelope.detail.size()),
                     event.envelope.detail.data());
      }
      return;
    }
    chunk.lines.append(event.bytes).append("\n");
    lines.push_back(event.line);
  }

  Result<void> save(bool whole) {
    saved_ = clock_.steady();
    return key_.empty() ? Result<void>{} : state_.save(whole);
  }

  const SendOptions& options_;
  const Pipeline* const pipeline_;
  TextInput& input_;
  SendState& state_;
  const Clock& clock_;
  std::optional<Schema> schema_;
  std::optional<EventText> text_;  ///< Once there is somebody to send to.
  Progress progress_;
  std::unique_ptr<Sender> sender_;
  std::string key_;
  SteadyTime start_{}, saved_{};
  std::uint64_t resume_line_ = 0;
  std::uint64_t events_ = 0, requests_ = 0, skipped_ = 0;
  int unreadable_ = 0;
  bool read_ = false;   ///< The input is at its end.
  bool ended_ = false;  ///< And all of its events are on their way.
  bool whole_ = false;  ///< And answered.
};

}  // namespace

int send(const SendOptions& options) {
  if (to_kafka(options) && options.pipeline.path.empty()) {
    std::fprintf(stderr,
                 "ouzel send: --to kafka needs --pipeline FILE, whose schema says what a record's "
                 "key is\n");
    return kExitUsage;
  }
  std::optional<LoadedPipeline> loaded;
  if (!options.pipeline.path.empty()) {
    loaded = load_or_print(options.pipeline);
    if (!loaded) return kExitConfig;
  }
  const SystemClock clock;
  const auto fs = make_posix_file_system();
  auto input = open_text_input(*fs, options.in);
  if (!input) {
    std::fprintf(stderr, "ouzel send: %s\n", input.error().message.c_str());
    return kExitFailed;
  }
  SendState state(*fs, input->is_file ? options.in + ".ouzel-send" : "");
  Sending sending(options, loaded ? &loaded->pipeline : nullptr, *input, state, clock);
  const auto done = sending.run();
  const bool well = !sending.began() || sending.report();
  if (!done) return failed("send", done.error());
  return well ? kExitDone : kExitFailed;
}

}  // namespace ouzel
