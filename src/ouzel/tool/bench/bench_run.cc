#include "ouzel/tool/bench/bench_run.h"

#include <algorithm>
#include <charconv>

namespace ouzel {

std::optional<SeenOutcome> seen_outcome(std::string_view data, std::string_view prefix,
                                        SteadyTime now) {
  // Inside a text no quote stands without its backslash, so this is the member.
  constexpr std::string_view kId = "\"id\":\"";
  const std::size_t at = data.find(kId);
  if (at == data.npos) return std::nullopt;
  const std::string_view id = data.substr(at + kId.size());
  if (!id.starts_with(prefix)) return std::nullopt;
  SeenOutcome out{.at = now, .rejected = data.find(R"("status":"rejected")") != data.npos};
  const char* end = id.data() + id.size();
  const auto read = std::from_chars(id.data() + prefix.size(), end, out.number);
  if (read.ec != std::errc() || read.ptr == end || *read.ptr != '"') return std::nullopt;
  return out;
}

double BenchRun::quantile(double share) const {
  return ms.empty() ? 0 : ms[static_cast<std::size_t>(share * static_cast<double>(ms.size() - 1))];
}

double BenchRun::per_second() const {
  const double seconds = std::chrono::duration<double>(took).count();
  return seconds > 0 ? static_cast<double>(ms.size()) / seconds : 0;
}

BenchRun summarize(std::span<const SteadyTime> due, std::span<const SeenOutcome> seen) {
  BenchRun out{.written = due.size(), .ms = {}};
  std::vector<bool> known(due.size());
  for (const SeenOutcome& one : seen) {
    if (one.number >= due.size()) continue;
    if (known[one.number]) {
      ++out.doubled;
      continue;
    }
    known[one.number] = true;
    out.rejected += one.rejected ? 1 : 0;
    out.ms.push_back(std::chrono::duration<double, std::milli>(one.at - due[one.number]).count());
    out.took = std::max(out.took, one.at - due.front());
  }
  out.lost = out.written - out.ms.size();
  std::sort(out.ms.begin(), out.ms.end());
  return out;
}

}  // namespace ouzel
