/// LogFeed: the outcomes of this machine's log, behind a durable cursor.
///
/// Owns its cursor; `log` must outlive it.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "ouzel/egress/cursor_file.h"
#include "ouzel/egress/feed.h"
#include "ouzel/egress/outcome_feed.h"

namespace ouzel {

class LogFeed final : public Feed {
 public:
  LogFeed(Log& log, std::unique_ptr<CursorFile> file, FeedOptions options);

  Result<FeedWindow> next() override;
  Result<void> keep(std::string place) override;
  bool moved() const override { return outcomes_.cursor().position > needed(); }
  std::string place() const override { return file_->cursor().place; }
  /// Whatever signal was missed is made up for then.
  std::chrono::nanoseconds idle() const override { return std::chrono::seconds(1); }
  LogPosition needed() const override { return LogPosition(kept_.load(std::memory_order_relaxed)); }
  void tell(SinkStatus& status) const override;

 private:
  void show_place();

  const std::unique_ptr<CursorFile> file_;
  OutcomeFeed outcomes_;
  bool at_end_ = false;  ///< The last window was all there was.
  std::atomic<std::uint64_t> kept_;
  std::array<std::atomic<std::uint64_t>, kPartitionsMax> next_;  ///< Shown: all before is done.
};

}  // namespace ouzel
