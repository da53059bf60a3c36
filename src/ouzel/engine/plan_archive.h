/// PlanArchive: the plans that were in force in a data directory and the files that they name, all
/// kept by the hash of their content (docs/format/plan.md). It leads from the plan's hash in an
/// outcome frame to the plan's text, and from there to its tables and models, whatever has become
/// of the files since.
///
/// Content counts only if it has the hash that its name says: what is damaged, or was half written,
/// is written again when a plan needs it. Bounded by what retained outcomes still name. `fs` must
/// outlive it; one thread, that of the directory's owner; reading is for anybody.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "ouzel/base/file_system.h"
#include "ouzel/base/hash.h"
#include "ouzel/lane/plan.h"

namespace ouzel {

class PlanArchive {
 public:
  /// `writer`: told apart from others who write to the same place; empty: there are none.
  PlanArchive(FileSystem& fs, std::string data_dir, std::string writer = {})
      : fs_(fs), data_dir_(std::move(data_dir)), writer_(std::move(writer)) {}

  std::string plans_path() const { return data_dir_ + "/plans"; }
  std::string files_path() const { return data_dir_ + "/assets"; }
  std::string plan_path(const Hash128& hash) const;
  std::string file_path(const Hash128& hash) const;

  /// Makes the plan and its files durable. Errors: unavailable (no room), config (a file has
  /// changed since the plan was made of it).
  Result<void> keep(const Plan& plan);
  /// Removes plans that are not `needed` and files that no needed plan names. If one of those
  /// cannot be read, nobody knows which files it names, and all files stay.
  Result<void> remove_others(const std::set<Hash128>& needed);
  /// Of the plans that are there.
  Result<std::set<Hash128>> plans() const;

 private:
  Result<void> replace(const std::string& directory, const std::string& name,
                       std::string_view content);

  FileSystem& fs_;
  std::string data_dir_;
  std::string writer_;
};

/// Of the name of a kept plan's file; nullopt: it is none.
std::optional<Hash128> hash_of_plan_name(std::string_view name);

/// Content of a file that is named by its content's hash. Errors: corrupt: it has another one.
Result<std::string> read_by_hash(FileSystem& fs, const std::string& path, const Hash128& hash);

}  // namespace ouzel
