#include "ouzel/tool/kafka/kafka_tap.h"

#include <cstdio>
#include <optional>
#include <utility>

#include "ouzel/base/exit_code.h"
#include "ouzel/log/kafka/kafka_settings.h"
#include "ouzel/log/kafka/topic_reader.h"
#include "ouzel/run/interrupt.h"
#include "ouzel/tool/kafka/kafka_lines.h"
#include "ouzel/tool/kafka/meet_brokers.h"
#include "ouzel/tool/kafka/outcome_place.h"
#include "ouzel/tool/kafka/shown_records.h"
#include "ouzel/tool/tap_printer.h"

namespace ouzel {
namespace {

constexpr std::chrono::milliseconds kWait{200};
constexpr std::chrono::milliseconds kAsk{1000};
constexpr std::chrono::milliseconds kAskAfter = std::chrono::seconds(5);  ///< Of silence.
constexpr std::size_t kBatch = 1000;

class KafkaTap {
 public:
  KafkaTap(const TapOptions& options, const Pipeline& pipeline)
      : options_(options), pipeline_(pipeline), shown_(pipeline), printer_(options) {}

  Result<int> run() {
    const Interrupt interrupt;
    OUZEL_TRY(const auto reader, open());
    std::vector<KafkaMessage> messages;
    while (!printer_.done() && !interrupt.requested()) {
      messages.clear();
      OUZEL_TRY_VOID(reader->poll(kWait, kBatch, messages));
      for (const KafkaMessage& message : messages) {
        if (!show(message.record())) break;
      }
      std::fflush(stdout);
      if (reader->at_end() && !options_.follow) break;
      if (options_.follow) look_for_brokers(*reader, messages.empty());
    }
    printer_.finish();
    if (shown_.unread() > 0) {
      std::fprintf(stderr, "ouzel tap: %llu records are shown as they are; the first: %s\n",
                   static_cast<unsigned long long>(shown_.unread()), shown_.why().c_str());
    }
    if (foreign_ > 0) {
      std::fprintf(stderr, "ouzel tap: %llu records of topic %s were written by somebody else\n",
                   static_cast<unsigned long long>(foreign_), topic_.c_str());
    }
    return foreign_ == 0 ? kExitDone : kExitFailed;
  }

 private:
  Result<std::unique_ptr<TopicReader>> open() {
    const KafkaSourceSpec& source = pipeline_.kafka_source;
    if (source.topic.empty()) {
      return fail(ErrorCode::config, options_.pipeline.path +
                                         ": its events do not come from Kafka; leave --pipeline "
                                         "out to read its data directory");
    }
    topic_ = options_.topic == "outcomes"  ? source.outcomes
             : options_.topic == "rejects" ? source.rejects
             : options_.topic == "models"  ? source.models
                                           : source.topic;
    TopicStart start;
    if (options_.from.kind == TapFrom::Kind::end) start.kind = TopicStart::Kind::end;
    if (options_.from.kind == TapFrom::Kind::offset) {
      start.partition = options_.from.partition;
      // Positions are the events'. The own offset of an outcome or a reject is another.
      const bool own = options_.topic == "events" || options_.topic == "models";
      start.kind = own ? TopicStart::Kind::offset : TopicStart::Kind::beginning;
      start.offset = options_.from.offset;
    }
    OUZEL_TRY(const KafkaSettings settings, kafka_settings(pipeline_.kafka, pipeline_.directory));
    OUZEL_TRY(auto reader, meet_brokers("tap", [&](std::chrono::milliseconds limit) {
                return TopicReader::open(settings.consumer, topic_, start, limit);
              }));
    if (options_.from.kind == TapFrom::Kind::offset && options_.topic == "outcomes") {
      OUZEL_TRY_VOID(
          seek_outcome(*reader, options_.from.partition, options_.from.offset, kMeetMax));
    }
    return reader;
  }

  /// Who follows must be able to tell brokers that are away from events that do not come.
  void look_for_brokers(TopicReader& reader, bool silent) {
    silence_ = silent ? silence_ + kWait : kWait.zero();
    if (!silent) away_ = false;
    if (silence_ < kAskAfter) return;
    silence_ = kWait.zero();
    const auto answer = reader.watermarks(options_.from.partition, kAsk);
    if (!answer && !away_) {
      std::fprintf(stderr, "ouzel tap: %s; it goes on once one answers\n",
                   answer.error().message.c_str());
    }
    away_ = !answer;
  }

  /// False: enough.
  bool show(const Record& record) {
    std::optional<RecordLine> line;
    if (options_.topic == "outcomes") {
      line = outcome_line(record);
    } else if (options_.topic == "rejects") {
      line = reject_line(record, shown_.name_of(record));
    } else if (options_.topic == "models") {
      line = plan_line(record, pipeline_.name);
    } else {
      line = event_line(shown_.readable(record), pipeline_.name);
    }
    if (!line) {
      ++foreign_;
      return true;
    }
    const bool before =
        options_.from.kind == TapFrom::Kind::offset &&
        (line->partition != options_.from.partition || line->offset < options_.from.offset);
    return before || printer_.print(line->text);
  }

  const TapOptions& options_;
  const Pipeline& pipeline_;
  ShownRecords shown_;
  TapPrinter printer_;
  std::string topic_;
  std::uint64_t foreign_ = 0;
  std::chrono::milliseconds silence_{0};
  bool away_ = false;  ///< No broker answers, and that was said.
};

}  // namespace

int tap_kafka(const TapOptions& options) {
  const auto loaded = load_or_print(options.pipeline);
  if (!loaded) return kExitConfig;
  const auto done = KafkaTap(options, loaded->pipeline).run();
  return done ? *done : failed("tap", done.error());
}

}  // namespace ouzel
