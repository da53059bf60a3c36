#include "ouzel/egress/log_feed.h"

#include <utility>

namespace ouzel {

LogFeed::LogFeed(Log& log, std::unique_ptr<CursorFile> file, FeedOptions options)
    : file_(std::move(file)),
      outcomes_(log, file_->cursor(), options),
      kept_(file_->cursor().position.value()) {
  show_place();
}

Result<FeedWindow> LogFeed::next() {
  auto window = outcomes_.next();
  if (!window) return window;
  at_end_ = !window->more;
  if (window->messages.empty()) show_place();
  return window;
}

Result<void> LogFeed::keep(std::string place) {
  SinkCursor cursor = outcomes_.cursor();
  const LogPosition at = cursor.position;
  cursor.place = std::move(place);
  OUZEL_TRY_VOID(file_->write(std::move(cursor)));
  kept_.store(at.value(), std::memory_order_relaxed);
  show_place();
  return {};
}

/// Of a partition of which it has met no outcome it is behind all, until it is at the log's end.
void LogFeed::show_place() {
  for (std::size_t i = 0; i < next_.size(); ++i) {
    const Offset next = outcomes_.cursor().next[i];
    const bool behind = next == kOffsetUnknown && !at_end_;
    next_[i].store(behind ? 0 : next.value(), std::memory_order_relaxed);
  }
}

void LogFeed::tell(SinkStatus& status) const {
  for (const auto& next : next_) status.next.emplace_back(next.load(std::memory_order_relaxed));
}

}  // namespace ouzel
