#include "ouzel/engine/kafka/shared_plans.h"

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace ouzel {
namespace {

constexpr std::chrono::nanoseconds kClocksDiffer = std::chrono::hours(24);
constexpr std::string_view kUntil = ".until";
constexpr std::size_t kHashDigits = 32;

std::int64_t seconds(std::chrono::nanoseconds since_1970) {
  return std::chrono::floor<std::chrono::seconds>(since_1970).count();
}

/// Seconds since 1970; nullopt: nobody has said.
std::optional<std::int64_t> read_until(FileSystem& fs, const std::string& path) {
  if (!fs.exists(path)) return std::nullopt;
  const auto text = read_file(fs, path);
  std::int64_t out = 0;
  if (!text || !text->ends_with('\n')) return std::nullopt;
  const char* end = text->data() + text->size() - 1;
  const auto [at, error] = std::from_chars(text->data(), end, out);
  if (error != std::errc() || at != end) return std::nullopt;
  return out;
}

}  // namespace

SharedPlans::SharedPlans(FileSystem& fs, const Clock& clock, Options options)
    : fs_(fs),
      clock_(clock),
      options_(std::move(options)),
      archive_(fs, options_.root, options_.worker) {}

Result<void> SharedPlans::keep(const Plan& plan) {
  for (const std::string& path : {archive_.plans_path(), archive_.files_path()}) {
    OUZEL_TRY_VOID(fs_.make_directory(path));
  }
  // First: what nobody says anything of would stay for ever.
  for (const PlanFile& file : plan.files) OUZEL_TRY_VOID(need(archive_.files_path(), file.hash));
  OUZEL_TRY_VOID(need(archive_.plans_path(), plan.hash));
  return archive_.keep(plan);
}

/// Another worker may need it longer.
Result<void> SharedPlans::need(const std::string& directory, const Hash128& hash) {
  const std::string name = to_string(hash) + std::string(kUntil);
  const std::int64_t until =
      seconds(clock_.wall().time_since_epoch() + options_.retention + kClocksDiffer);
  if (read_until(fs_, directory + "/" + name).value_or(0) >= until) return {};
  return replace_shared_file(fs_, {directory, name, options_.worker}, std::to_string(until) + "\n");
}

Result<void> SharedPlans::remove_expired() {
  OUZEL_TRY_VOID(remove_expired_in(archive_.plans_path()));
  return remove_expired_in(archive_.files_path());
}

Result<void> SharedPlans::remove_expired_in(const std::string& directory) {
  const std::int64_t now = seconds(clock_.wall().time_since_epoch());
  OUZEL_TRY(const auto names, fs_.list(directory));
  for (const std::string& name : names) {
    const std::string hash = name.substr(0, kHashDigits);
    if (name.substr(hash.size()) != kUntil || !parse_hash(hash)) continue;
    const auto until = read_until(fs_, directory + "/" + name);
    if (!until || *until > now) continue;
    // The content, and drafts of it that a crash left. What says until when goes last, and when
    // they are surely gone.
    for (const std::string& other : names) {
      if (other.starts_with(hash) && other != name) {
        OUZEL_TRY_VOID(fs_.remove(directory + "/" + other));
      }
    }
    OUZEL_TRY_VOID(fs_.sync_directory(directory));
    OUZEL_TRY_VOID(fs_.remove(directory + "/" + name));
  }
  return {};
}

}  // namespace ouzel
