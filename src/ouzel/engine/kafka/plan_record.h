/// PlanRecord: what the topic `models` says: which plan the workers of a group shall run, and which
/// plans it took the place of (docs/format/kafka.md). Values; no thread rules.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ouzel/base/hash.h"
#include "ouzel/log/record.h"

namespace ouzel {

struct PlanRecord {
  std::string text;               ///< As of a kept plan: it names its files by their content.
  std::vector<Hash128> replaced;  ///< Plans that it stands for now; the newest first.
  std::string worker;             ///< Who brought it.

  Hash128 plan() const { return hash128(text); }
  bool replaces(const Hash128& plan) const;
  bool operator==(const PlanRecord&) const = default;
};

/// The older plans are forgotten.
inline constexpr std::size_t kReplacedMax = 100;

/// What a worker writes that brings `text` in place of `before`, while `last` is the group's.
PlanRecord next_record(const std::optional<PlanRecord>& last, std::string text,
                       const std::optional<Hash128>& before, std::string worker);

/// Nullopt: no such record.
std::optional<PlanRecord> read_plan_record(const Record& record);

/// The headers of a record whose value is the text. `hold` owns what they look into.
std::array<RecordHeader, 2> plan_headers(const PlanRecord& record, std::string& hold);

}  // namespace ouzel
