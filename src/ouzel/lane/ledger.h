/// Ledger: what of a lane's work is on disk. The lane notes each commit before it appends it; the
/// log's writer ticks commits and events off as they become durable. Totals therefore always come
/// from the log, and one lock over all ledgers makes a scrape one instant.
#pragma once

#include <deque>
#include <utility>
#include <vector>

#include "ouzel/base/histogram.h"
#include "ouzel/base/types.h"
#include "ouzel/log/inbox.h"
#include "ouzel/outcome/outcome.h"

namespace ouzel {

struct NotedCommit {
  Offset end{};   ///< Behind its last row.
  Totals totals;  ///< After it.
  EventTime newest_event{};
  std::vector<std::pair<WallTime, std::uint32_t>> accepted;  ///< When, how many rows.
};

/// Not thread-safe: the engine's ledger lock guards all of them.
struct Ledger {
  Offset accepted{};   ///< Events below are on disk.
  Offset committed{};  ///< Outcomes below are on disk.
  Totals totals;
  EventTime newest_event{};
  std::deque<NotedCommit> noted;
};

/// The oldest noted commit is on disk: its rows are no longer in flight, and their time from
/// acceptance to `now` is recorded.
void settle_commit(Ledger& ledger, Inbox& inbox, WallTime now, Histogram& end_to_end_ns);

}  // namespace ouzel
