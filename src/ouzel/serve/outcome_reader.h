/// Reads pages of outcomes from the log. Bounded whatever is asked: rows looked at, bytes of log
/// read and bytes of answer; a page that ends early says where to go on.
///
/// One thread at a time (the ReadingThread); `log` and `status` must outlive it.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "ouzel/lane/status.h"
#include "ouzel/log/log.h"
#include "ouzel/serve/outcome_query.h"

namespace ouzel {

struct OutcomeReaderLimits {
  std::uint64_t rows_max = 200'000;        ///< Looked at for one page.
  std::uint64_t log_bytes_max = 64 << 20;  ///< Read for one page.
  std::size_t answer_bytes_max = 16 << 20;
  std::uint64_t newest_rows_max = 20'000;  ///< Of a partition, for the newest that match.
};

struct OutcomePage {
  std::deque<std::string> outcomes;  ///< Rendered, in the order of the log.
  OutcomeCursor next;                ///< Where the next page begins.
  std::vector<std::string> damage;   ///< What could not be read, at most ten.
};
std::string to_json(const OutcomePage& page);

class OutcomeReader {
 public:
  OutcomeReader(Log& log, const StatusSource& status, OutcomeReaderLimits limits = {})
      : log_(log), status_(status), limits_(limits) {}

  /// Without `from`: the newest outcomes that match, of all partitions, in the order of the log; of
  /// those that match a filter, only among the newest `newest_rows_max` of a partition. Else the
  /// first that match from there on. Errors: those of the log.
  Result<OutcomePage> read(const OutcomeQuery& query);

 private:
  struct Scan;
  LogPosition newest_start(std::uint64_t rows);
  Result<OutcomeCursor> begin(const OutcomeQuery& query);
  static Result<void> read_frame(const FrameView& frame, Scan& scan);

  Log& log_;
  const StatusSource& status_;
  const OutcomeReaderLimits limits_;
};

}  // namespace ouzel
