/// What `GET /api/v1/outcomes`, `rejects` and `events` are asked for, and where a page begins.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ouzel/base/error.h"
#include "ouzel/base/types.h"
#include "ouzel/http/message.h"
#include "ouzel/lane/status.h"
#include "ouzel/log/log.h"
#include "ouzel/outcome/outcome.h"
#include "ouzel/serve/topic_lines.h"

namespace ouzel {

/// A place in the log: a frame and a row in it. As text it is opaque to clients and carries a
/// check, so that a mistyped one is told from a place.
struct OutcomeCursor {
  LogPosition position{};
  std::uint32_t row = 0;
  std::optional<PartitionId> partition;  ///< Only outcomes of this one.
};
std::string to_string(const OutcomeCursor& cursor);
std::optional<OutcomeCursor> parse_cursor(std::string_view text);

struct OutcomeQuery {
  enum class From : std::uint8_t { newest, beginning, end, offset, cursor } from = From::newest;
  OutcomeCursor cursor;
  Offset offset{};  ///< With `offset`, of cursor.partition.
  std::uint32_t limit = 100;
  std::optional<std::string> key;
  std::optional<Label> label;
  std::optional<Route> route;
  std::optional<bool> scored;  ///< `status`: scored or rejected.

  bool filters() const { return key || label || route || scored; }
  bool matches(const OutcomeRow& row) const;
};
inline constexpr std::uint32_t kOutcomesLimitMax = 10'000;

/// Errors: config (which parameter, what is expected, what came).
Result<OutcomeQuery> parse_outcome_query(const http::Request& request, ShownTopic topic);
/// Whether the partition that `from` names is here. Errors: config; unavailable (none is here yet).
Result<void> judge_partition(const OutcomeQuery& query, const StatusSource& status);
/// 400 where another request would do, else 503.
http::Response refusal_of(const Error& error);
/// Where reading begins; `newest` as `end`. Errors: config (a cursor of another log), those of
/// `log`.
Result<OutcomeCursor> place_of(const OutcomeQuery& query, ShownTopic topic, Log& log);
/// Error config: the first parameter that is not one of these, and the nearest that is.
Result<void> judge_parameters(const http::Request& request, const std::vector<std::string>& known);

}  // namespace ouzel
