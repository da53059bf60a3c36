#include "ouzel/engine/kafka/shared_plans.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace ouzel {
namespace {

constexpr std::chrono::nanoseconds kClocksDiffer = std::chrono::hours(24);
constexpr std::string_view kUntil = ".until.";
constexpr std::size_t kHashDigits = 32;

std::int64_t seconds(std::chrono::nanoseconds since_1970) {
  return std::chrono::floor<std::chrono::seconds>(since_1970).count();
}

/// Of the name `<hash>.until.<seconds since 1970>`; nullopt: it is another.
std::optional<std::int64_t> until_of(const std::string& name) {
  const std::size_t at = kHashDigits + kUntil.size();
  if (name.size() <= at || name.substr(kHashDigits, kUntil.size()) != kUntil) return std::nullopt;
  if (!parse_hash(std::string_view(name).substr(0, kHashDigits))) return std::nullopt;
  std::int64_t out = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + at, end, out);
  if (error != std::errc() || stop != end) return std::nullopt;
  return out;
}

}  // namespace

SharedPlans::SharedPlans(FileSystem& fs, const Clock& clock, Options options)
    : fs_(fs),
      clock_(clock),
      options_(std::move(options)),
      archive_(fs, options_.root, options_.worker) {}

Result<void> SharedPlans::keep(const Plan& plan) {
  std::vector<Hash128> files;
  for (const PlanFile& file : plan.files) files.push_back(file.hash);
  // First: what nobody says anything of would stay for ever.
  OUZEL_TRY_VOID(need(archive_.files_path(), files));
  OUZEL_TRY_VOID(need(archive_.plans_path(), {plan.hash}));
  return archive_.keep(plan);
}

Result<void> SharedPlans::need(const std::string& directory, const std::vector<Hash128>& hashes) {
  OUZEL_TRY_VOID(fs_.make_directory(directory));
  OUZEL_TRY(const auto names, fs_.list(directory));
  // Whole hours, so that workers say the same, and in time.
  const auto time = clock_.wall().time_since_epoch() + options_.retention + kClocksDiffer;
  const std::int64_t until = seconds(std::chrono::ceil<std::chrono::hours>(time));
  for (const Hash128& hash : hashes) {
    const std::string digits = to_string(hash);
    const bool said = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return name.starts_with(digits) && until_of(name).value_or(0) >= until;
    });
    if (said) continue;
    const std::string path = directory + "/" + digits + std::string(kUntil) + std::to_string(until);
    OUZEL_TRY_VOID(fs_.open(path, OpenMode::create));
  }
  return fs_.sync_directory(directory);
}

Result<void> SharedPlans::remove_expired() {
  OUZEL_TRY_VOID(remove_expired_in(archive_.plans_path()));
  return remove_expired_in(archive_.files_path());
}

Result<void> SharedPlans::remove_expired_in(const std::string& directory) {
  const std::int64_t now = seconds(clock_.wall().time_since_epoch());
  OUZEL_TRY(const auto names, fs_.list(directory));
  std::map<std::string, std::int64_t> needed;
  for (const std::string& name : names) {
    const auto until = until_of(name);
    if (!until) continue;
    std::int64_t& last = needed[name.substr(0, kHashDigits)];
    last = std::max(last, *until);
  }
  // The content, drafts of it that a crash left, and times that a later one replaces. The last time
  // goes when the rest is surely gone.
  std::vector<std::string> last;
  for (const std::string& name : names) {
    const auto at = needed.find(name.substr(0, kHashDigits));
    if (at == needed.end()) continue;
    const bool expired = at->second <= now;
    const auto until = until_of(name);
    if (until == at->second) {
      if (expired) last.push_back(name);
    } else if (expired || until) {
      OUZEL_TRY_VOID(fs_.remove(directory + "/" + name));
    }
  }
  if (!last.empty()) OUZEL_TRY_VOID(fs_.sync_directory(directory));
  for (const std::string& name : last) OUZEL_TRY_VOID(fs_.remove(directory + "/" + name));
  return {};
}

}  // namespace ouzel
