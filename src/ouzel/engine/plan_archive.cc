#include "ouzel/engine/plan_archive.h"

#include <vector>

#include "ouzel/base/check.h"
#include "ouzel/base/logging.h"

namespace ouzel {
namespace {

constexpr std::string_view kPlanEnding = ".yaml";

std::string plan_name(const Hash128& hash) { return to_string(hash) + std::string(kPlanEnding); }

/// Whether it is there and whole; says so if it is there and is not.
bool whole(FileSystem& fs, const std::string& path, const Hash128& hash) {
  if (!fs.exists(path)) return false;
  const auto content = read_by_hash(fs, path, hash);
  if (!content) logging::warn("written again", {{"why", content.error().message}});
  return content.has_value();
}

/// What a crash left of a file on its way to its name.
bool is_draft(std::string_view name) { return name.ends_with(".new"); }

Result<void> remove_all(FileSystem& fs, const std::string& directory,
                        const std::vector<std::string>& names) {
  for (const std::string& name : names) OUZEL_TRY_VOID(fs.remove(directory + "/" + name));
  if (names.empty()) return {};
  return fs.sync_directory(directory);
}

}  // namespace

std::string PlanArchive::plan_path(const Hash128& hash) const {
  return plans_path() + "/" + plan_name(hash);
}

std::string PlanArchive::file_path(const Hash128& hash) const {
  return files_path() + "/" + to_string(hash);
}

Result<void> PlanArchive::keep(const Plan& plan) {
  OUZEL_CHECK(hash128(plan.text) == plan.hash);
  OUZEL_TRY_VOID(fs_.make_directory(plans_path()));
  OUZEL_TRY_VOID(fs_.make_directory(files_path()));
  OUZEL_TRY_VOID(fs_.sync_directory(data_dir_));
  // The files first: a plan that is there can be run again.
  for (const PlanFile& file : plan.files) {
    if (whole(fs_, file_path(file.hash), file.hash)) continue;
    OUZEL_TRY(const std::string content, read_file(fs_, file.path));
    if (hash128(content) != file.hash) {
      return fail(ErrorCode::config,
                  file.key + ": " + file.path + " changed while it was read: start again");
    }
    OUZEL_TRY_VOID(replace(files_path(), to_string(file.hash), content));
  }
  if (whole(fs_, plan_path(plan.hash), plan.hash)) return {};
  return replace(plans_path(), plan_name(plan.hash), plan.text);
}

/// Where others may write the same at the same time each has a draft of its own, and the last wins.
Result<void> PlanArchive::replace(const std::string& directory, const std::string& name,
                                  std::string_view content) {
  if (writer_.empty()) return replace_file(fs_, directory, name, content);
  const std::string draft = name + "." + writer_ + ".new";
  OUZEL_TRY_VOID(replace_file(fs_, directory, draft, content));
  OUZEL_TRY_VOID(fs_.rename(directory + "/" + draft, directory + "/" + name));
  return fs_.sync_directory(directory);
}

Result<std::set<Hash128>> PlanArchive::plans() const {
  std::set<Hash128> out;
  if (!fs_.exists(plans_path())) return out;
  OUZEL_TRY(const auto names, fs_.list(plans_path()));
  for (const std::string& name : names) {
    if (const auto hash = hash_of_plan_name(name)) out.insert(*hash);
  }
  return out;
}

Result<void> PlanArchive::remove_others(const std::set<Hash128>& needed) {
  OUZEL_TRY(const auto plan_names, fs_.list(plans_path()));
  std::vector<std::string> removed;
  std::set<Hash128> named;
  bool all_read = true;
  for (const std::string& name : plan_names) {
    const auto hash = hash_of_plan_name(name);
    if (is_draft(name) || (hash && !needed.contains(*hash))) {
      removed.push_back(name);
    } else if (hash) {
      const auto text = read_by_hash(fs_, plan_path(*hash), *hash);
      if (!text) logging::warn("plan not readable", {{"why", text.error().message}});
      all_read = all_read && text;
      if (!text) continue;
      for (const PlanFile& file : named_files(*text)) named.insert(file.hash);
    }
  }
  OUZEL_TRY_VOID(remove_all(fs_, plans_path(), removed));
  removed.clear();
  OUZEL_TRY(const auto file_names, fs_.list(files_path()));
  for (const std::string& name : file_names) {
    const auto hash = parse_hash(name);
    const bool left = all_read && hash && !named.contains(*hash);
    if (is_draft(name) || left) removed.push_back(name);
  }
  return remove_all(fs_, files_path(), removed);
}

std::optional<Hash128> hash_of_plan_name(std::string_view name) {
  if (!name.ends_with(kPlanEnding)) return std::nullopt;
  name.remove_suffix(kPlanEnding.size());
  return parse_hash(name);
}

Result<std::string> read_by_hash(FileSystem& fs, const std::string& path, const Hash128& hash) {
  OUZEL_TRY(std::string content, read_file(fs, path));
  if (hash128(content) == hash) return content;
  return fail(ErrorCode::corrupt,
              path + " is damaged: the hash of its content is not the one it is named by");
}

}  // namespace ouzel
