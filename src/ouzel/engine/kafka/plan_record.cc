#include "ouzel/engine/kafka/plan_record.h"

#include <algorithm>
#include <utility>

namespace ouzel {
namespace {

constexpr std::string_view kReplaced = "replaced";
constexpr std::string_view kWorker = "worker";

/// Hashes in 32 digits each, with a space between two. Nullopt: they are none.
std::optional<std::vector<Hash128>> read_hashes(std::string_view text) {
  std::vector<Hash128> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const auto hash = parse_hash(text.substr(0, end));
    if (!hash || out.size() == kReplacedMax) return std::nullopt;
    out.push_back(*hash);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

bool PlanRecord::replaces(const Hash128& plan) const {
  return std::find(replaced.begin(), replaced.end(), plan) != replaced.end();
}

PlanRecord next_record(const std::optional<PlanRecord>& last, std::string text,
                       const std::optional<Hash128>& before, std::string worker) {
  PlanRecord out{.text = std::move(text), .replaced = {}, .worker = std::move(worker)};
  const Hash128 plan = out.plan();
  const auto add = [&](const Hash128& hash) {
    const bool full = out.replaced.size() == kReplacedMax;
    if (hash != plan && !out.replaces(hash) && !full) out.replaced.push_back(hash);
  };
  if (before) add(*before);
  if (last) {
    add(last->plan());
    for (const Hash128& hash : last->replaced) add(hash);
  }
  return out;
}

std::optional<PlanRecord> read_plan_record(const Record& record) {
  if (!record.value || record.value->empty()) return std::nullopt;
  PlanRecord out{.text = std::string(*record.value), .replaced = {}, .worker = {}};
  for (const RecordHeader& header : record.headers) {
    if (header.name == kWorker) out.worker = header.value.value_or("");
    if (header.name != kReplaced) continue;
    auto hashes = read_hashes(header.value.value_or(""));
    if (!hashes) return std::nullopt;
    out.replaced = std::move(*hashes);
  }
  return out;
}

std::array<RecordHeader, 2> plan_headers(const PlanRecord& record, std::string& hold) {
  hold.clear();
  for (const Hash128& hash : record.replaced) {
    hold += (hold.empty() ? "" : " ") + to_string(hash);
  }
  return {{{.name = kReplaced, .value = hold}, {.name = kWorker, .value = record.worker}}};
}

}  // namespace ouzel
