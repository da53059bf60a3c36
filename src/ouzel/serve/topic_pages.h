/// Reads pages of a topic from the log. Bounded whatever is asked: rows looked at, bytes of log
/// read and bytes of answer; a page that ends early says where to go on. The bytes of rejected
/// events come on top: for each partition at most the log from one reject to the next.
///
/// One thread at a time (the ReadingThread); `log` and `status` must outlive it.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/lane/status.h"
#include "ouzel/log/log.h"
#include "ouzel/serve/outcome_query.h"
#include "ouzel/serve/topic_lines.h"

namespace ouzel {

struct TopicPageLimits {
  std::uint64_t rows_max = 200'000;        ///< Looked at for one page; the frame is finished.
  std::uint64_t log_bytes_max = 64 << 20;  ///< Read for one page.
  std::size_t answer_bytes_max = 16 << 20;
  std::uint64_t newest_rows_max = 20'000;  ///< Of a partition, for the newest that match.
};

struct TopicPage {
  std::deque<std::string> lines;    ///< Rendered, in the order of the log.
  OutcomeCursor next;               ///< Where the next page begins.
  std::vector<std::string> damage;  ///< What could not be read, at most ten.
};
/// `{"<name>":[…],"next":"…"}`.
std::string to_json(const TopicPage& page, std::string_view name);

class TopicPages {
 public:
  TopicPages(Log& log, const StatusSource& status, TopicPageLimits limits = {})
      : log_(log), status_(status), limits_(limits) {}

  /// Without `from`: the newest lines that match, of all partitions, in the order of the log; of
  /// rejects and of those that match a filter, only among the newest `newest_rows_max` of a
  /// partition. Else the first that match from there on. Errors: those of `place_of` and the log.
  Result<TopicPage> read(ShownTopic topic, const OutcomeQuery& query);

 private:
  struct Scan;
  LogPosition newest_start(Topic topic, std::uint64_t rows);
  LogPosition newest_start(ShownTopic topic, const OutcomeQuery& query);
  static Result<void> read_frame(const FrameView& frame, Scan& scan, TopicLines& lines);

  Log& log_;
  const StatusSource& status_;
  const TopicPageLimits limits_;
};

}  // namespace ouzel
