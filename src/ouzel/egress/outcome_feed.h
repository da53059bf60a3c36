/// OutcomeFeed: reads the outcomes that a sink takes from the log, in its order, as messages.
///
/// One thread; `log` must outlive it. Reads only what is durable. A window is bounded in messages,
/// bytes and rows looked at, so that a sink can always be stopped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "ouzel/base/error.h"
#include "ouzel/egress/cursor_file.h"
#include "ouzel/egress/feed.h"
#include "ouzel/gateway/event_bytes.h"
#include "ouzel/log/log.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {

class OutcomeFeed {
 public:
  OutcomeFeed(Log& log, SinkCursor start, FeedOptions options);

  /// The next window. Errors: those of the log; the same window may be tried again.
  Result<FeedWindow> next();
  /// Behind the last window; `place` is not the feed's.
  const SinkCursor& cursor() const { return cursor_; }

 private:
  Result<bool> open_frame(FeedWindow& window);
  void count_gap(FeedWindow& window);
  bool read_rows(FeedWindow& window, std::uint64_t& rows);
  bool wants(const OutcomeRow& row) const;
  void add(FeedWindow& window, const OutcomeRow& row);

  Log& log_;
  const FeedOptions options_;
  SinkCursor cursor_;
  EventBytes bytes_;
  std::unique_ptr<LogReader> reader_;
  FrameHeader header_;  ///< Of the frame in `commit_`.
  std::optional<CommitReader> commit_;
  std::optional<OutcomeRow> waiting_;  ///< Read, and for the next window.
};

}  // namespace ouzel
