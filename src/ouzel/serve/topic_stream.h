/// TopicStream: one reader of a topic, as server-sent events. Reads the log from the reader's place
/// on and writes lines as far as the reader takes them, so what waits for a slow one is its place
/// in the log and one bounded buffer, however much comes.
///
///   id: CURSOR            where to go on behind this line: Last-Event-ID, or `from` of the API
///   data: {…}             one line of the topic
///
///   event: gap            lines are missing: retention has passed them, or the log is damaged
///   event: too_long       one line that no buffer holds; its data says which
///
/// One thread. `log` must outlive it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "ouzel/http/body_stream.h"
#include "ouzel/log/log.h"
#include "ouzel/serve/outcome_query.h"
#include "ouzel/serve/topic_lines.h"

namespace ouzel {

class TopicStream {
 public:
  /// The buffer of each reader.
  static constexpr std::size_t kBytesMax = 1 << 20;
  /// A step reads and writes no more than about so much.
  static constexpr std::size_t kSliceBytes = 256 << 10;

  /// Begins where `query.from` says; without it at the end. Errors: those of the log, and config if
  /// the place lies beyond the log's end.
  static Result<std::unique_ptr<TopicStream>> open(Log& log, ShownTopic topic, OutcomeQuery query,
                                                   std::shared_ptr<http::BodyStream> to);

  enum class Step : std::uint8_t { up_to_date, more, stalled };
  Result<Step> step();
  /// Tells the reader its place, though nothing was shown: most lines may be filtered away.
  bool write_place();

 private:
  TopicStream(Log& log, ShownTopic topic, OutcomeQuery query, OutcomeCursor at,
              std::shared_ptr<http::BodyStream> stream);
  Result<bool> show(const FrameView& frame);
  void note_gap(const FrameHeader& header);
  void write_gap(std::string_view why);
  void add_line(const FrameHeader& header, const TopicLine& line);

  Log& log_;
  const ShownTopic topic_;
  const OutcomeQuery query_;
  const std::shared_ptr<http::BodyStream> stream_;
  TopicLines lines_;
  OutcomeCursor at_;  ///< What is written stands before it.
  std::unique_ptr<LogReader> reader_;
  std::map<PartitionId, Offset> next_;
  std::string text_;
};

}  // namespace ouzel
