#include "ouzel/lane/ledger.h"

#include <algorithm>

namespace ouzel {

void settle_commit(Ledger& ledger, Inbox& inbox, WallTime now, Histogram& end_to_end_ns) {
  OUZEL_CHECK(!ledger.noted.empty());
  const NotedCommit& commit = ledger.noted.front();
  for (const auto& [accepted, rows] : commit.accepted) {
    const auto took = std::max(now - accepted, std::chrono::nanoseconds(0));
    end_to_end_ns.record(static_cast<std::uint64_t>(took.count()), rows);
    inbox.done(rows);
  }
  ledger.committed = commit.end;
  ledger.totals = commit.totals;
  ledger.newest_event = commit.newest_event;
  ledger.noted.pop_front();
}

}  // namespace ouzel
